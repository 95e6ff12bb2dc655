"""The location of an edge, a name or degrees of latitude and longitude, and the distance of two."""

from __future__ import annotations

import math
import re

EARTH_KM = 6371.0
_DEGREES = re.compile(r"\s*([+-]?\d{1,2}(?:\.\d+)?)\s*,\s*([+-]?\d{1,3}(?:\.\d+)?)\s*")
_NAME = re.compile(r"[^\x00-\x1f\x7f]{1,64}")


def check(text: str) -> str:
    """A location as it travels: `LAT,LON` without spaces, or a name as it is. ValueError says what one looks like."""
    degrees = _degrees(text)
    if degrees is not None:
        return f"{degrees[0]:g},{degrees[1]:g}"
    text = text.strip()
    if not _NAME.fullmatch(text):
        raise ValueError("a location is a name of up to 64 characters, or LAT,LON in degrees such as 52.52,13.40")
    if "," in text and re.fullmatch(r"[-+\d., ]+", text):
        raise ValueError(f"{text!r}: latitude is -90 to 90 and longitude -180 to 180 degrees, such as 52.52,13.40")
    return text


def distance_km(one: str, other: str) -> float:
    """Distance along the earth, km; 0 for the same name, infinite if it cannot be computed.

    source    haversine formula (Sinnott, "Virtues of the Haversine", Sky and Telescope 68, 1984), spherical earth
    """
    if one and one == other:
        return 0.0
    here, there = _degrees(one), _degrees(other)
    if here is None or there is None:
        return math.inf
    (lat1, lon1), (lat2, lon2) = (tuple(map(math.radians, place)) for place in (here, there))
    half = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_KM * math.asin(min(1.0, math.sqrt(half)))


def _degrees(text: str) -> tuple[float, float] | None:
    found = _DEGREES.fullmatch(text)
    if found is None:
        return None
    lat, lon = float(found[1]), float(found[2])
    return (lat, lon) if abs(lat) <= 90 and abs(lon) <= 180 else None
