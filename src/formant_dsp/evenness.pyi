from collections.abc import Mapping

from formant_dsp.vowels import Vowel

def rms_error_db(vowel: Vowel, f0_hz: float, algorithm: str, fields: Mapping[str, float]) -> float: ...
