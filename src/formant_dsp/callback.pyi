from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from formant_dsp.bank import Bank

class StreamState:
    bank: Bank
    budget: float
    def __init__(
        self, bank: Bank, channels: int = 1, channel_map: Sequence[int] | None = None, budget: float = 0.8
    ) -> None: ...
    def release(self) -> None: ...
    @property
    def callback_address(self) -> int: ...
    @property
    def user_address(self) -> int: ...
    def render_into(self, out: NDArray[np.float32]) -> None: ...
    def counters(self) -> dict[str, Any]: ...
