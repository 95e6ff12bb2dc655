"""The page's own worklet in an OfflineAudioContext: every preset is the native bank's to the bit, in both engines."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from page.conftest import Stage
from support.browser.marionette import OpenFirefoxTab, firefox, firefox_tab
from support.sound.every_preset import FIRST, LENGTH, RATE, SEED, VOICES, every_preset

from formant_dsp import isas
from formant_dsp.browser.bundle import wasm
from formant_dsp.presets import names

__all__ = ["firefox", "firefox_tab"]

pytestmark = [
    pytest.mark.skipif(not wasm(), reason="this build had no compiler for WebAssembly: make wasm says more"),
    pytest.mark.skipif("sse2" not in isas(), reason="the same bits are those of SSE2, which only x86-64 has"),
]
RENDER = """
async ({ events, frames, rate, voices, seed, first, length }) => {
  const { loadFiles } = await import("/sing/files.js");
  const { VERSION: version } = await import("/sing/version.js");
  const { Mapping, NOTE_ON } = await import("/sing/wasm.js");
  const { bytes, rowTauS, presets, standard } = await loadFiles();
  const mapping = new Mapping(bytes, rate);
  mapping.use(presets[standard].code);
  const context = new OfflineAudioContext(2, frames, rate);
  await context.audioWorklet.addModule("/sing/worklet.js");
  const options = { bytes, version, setup: { voices, channels: 2, rowTauS, seed } };
  options.note = mapping.touch(NOTE_ON, 1, 0, { x: 0.5, y: 0.3, z: 0.7 }, 0, 0);
  options.events = Uint8Array.from(atob(events), (c) => c.charCodeAt(0)).buffer;
  const node = new AudioWorkletNode(context, "formant", {
    numberOfInputs: 0, outputChannelCount: [2], processorOptions: options,
  });
  node.connect(context.destination);
  const sound = await context.startRendering();
  const found = [];
  for (let at = first; at < frames; at += length) {
    for (const c of [0, 1]) {
      const digest = await crypto.subtle.digest("SHA-256", sound.getChannelData(c).slice(at, at + length));
      found.push(Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join(""));
    }
  }
  return found;
}
"""
"""The digests of both channels of each stretch of `length` frames. It sings with a bank that was warmed up."""


def check(render: Callable[[dict[str, Any]], list[str]]) -> None:
    events, wanted = every_preset()
    found = render(
        {
            "events": base64.b64encode(events).decode(),
            **{"frames": len(wanted), "rate": RATE, "voices": VOICES, "seed": SEED, "first": FIRST, "length": LENGTH},
        }
    )
    parts = [wanted[at : at + LENGTH, c] for at in range(FIRST, len(wanted), LENGTH) for c in (0, 1)]
    digests = [hashlib.sha256(np.ascontiguousarray(part).tobytes()).hexdigest() for part in parts]
    loud = [np.abs(part).max() > 1e-3 for part in parts]
    assert all(loud[: 2 * len(names())])
    sung = [*names(), "and after", "and after"]
    assert [sung[k // 2] for k, digest in enumerate(digests) if digest != found[k]] == []
    assert len(found) == len(digests)


def test_chromium_sings_every_preset_to_the_bit(stage: Stage) -> None:
    tab = stage.tab(stage.relay())
    check(lambda given: list(tab.evaluate(RENDER, given)))


def test_firefox_sings_every_preset_to_the_bit(stage: Stage, firefox_tab: OpenFirefoxTab) -> None:
    tab = firefox_tab(stage.relay().url)

    def render(given: dict[str, Any]) -> list[str]:
        arguments = ", ".join(f"{name}: {value!r}" for name, value in given.items())
        tab.evaluate(
            f"void ({RENDER})({{{arguments}}}).then((v) => (window.found = v), (e) => (window.failed = `${{e}}`))"
        )
        tab.until("window.found !== undefined || window.failed !== undefined")
        assert tab.evaluate("window.failed") is None
        return list(tab.evaluate("window.found"))

    check(render)
