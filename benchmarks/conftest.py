"""Every result carries what it ran on: instruction set, kernel versions, packages."""

from __future__ import annotations

import importlib.metadata
import platform
from typing import Any

import formant_dsp


def pytest_benchmark_update_machine_info(config: Any, machine_info: dict[str, Any]) -> None:
    machine_info["isa"] = formant_dsp.isa()
    machine_info["isas"] = list(formant_dsp.isas())
    machine_info["kernel"] = platform.release()
    machine_info["packages"] = {
        name: importlib.metadata.version(name) for name in ("numpy", "msgspec", "aiortc", "websockets", "formant-synth")
    }
