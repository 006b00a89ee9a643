"""How long a sound lasts: tones as their pattern says, files as the WAV file says."""

from __future__ import annotations

import math
import re
import wave
from pathlib import Path
from typing import Final

RATES: Final = (8000, 16000, 32000, 48000)
"""The folders in which mod_sndfile looks for a file, after the channel's own rate."""
_TONES: Final = re.compile(r"%\(\s*([\d.]+)\s*,\s*([\d.]+)\s*,[^)]*\)")
_LOOPS: Final = re.compile(r"(?:^|;)(?:loops|L)=(-?\d+)")
_ENDLESS: Final = 24 * 3600.0
_READ_AHEAD: Final = 16384
"""Samples that FreeSWITCH reads at a time; measured (facts: traces a, d, g)."""


def seconds(sound: str, folder: Path | None = None, rate: int = 8000) -> float | None:
    """How long a sound lasts; None when there is none of that name (facts: k9).

    Args:
        sound: `tone_stream://%(on,off,frequency)`, `silence_stream://milliseconds`, `file_string://a!b`, or a WAV file.
        folder: where a relative file name begins.
        rate: the channel's, in hertz; `<folder>/<rate>/<file>` comes before `<folder>/<file>`.
    """
    scheme, separator, rest = sound.partition("://")
    if not separator:
        return _file_seconds(sound, folder, rate)
    match scheme:
        case "tone_stream":
            return _tone_seconds(rest)
        case "silence_stream":
            milliseconds = int(rest.split(",")[0] or 0)
            return milliseconds / 1000 if milliseconds >= 0 else _ENDLESS
        case "file_string":
            parts = [seconds(part, folder, rate) for part in rest.split("!")]
            found = [part for part in parts if part is not None]
            return sum(found) if found else None
        case _:
            return None


def playback_variables(played: float, length: float, rate: int = 8000) -> dict[str, str]:
    """The report on a playback that lasted `played` of a sound's `length` seconds."""
    offset = round(played * rate)
    samples = min(math.ceil(max(offset, 1) / _READ_AHEAD) * _READ_AHEAD, round(length * rate))
    milliseconds = samples * 1000 // rate
    return {
        "playback_last_offset_pos": str(offset),
        "playback_seconds": str(milliseconds // 1000),
        "playback_ms": str(milliseconds),
        "playback_samples": str(samples),
    }


def _tone_seconds(pattern: str) -> float:
    once = sum(float(on) + float(off) for on, off in _TONES.findall(pattern)) / 1000
    loops = _LOOPS.search(pattern)
    times = int(loops[1]) if loops else 1
    return once * times if times > 0 else _ENDLESS


def _file_seconds(name: str, folder: Path | None, rate: int) -> float | None:
    path = (folder / name) if folder else Path(name)
    for candidate in (*(path.parent / str(hertz) / path.name for hertz in (rate, *RATES)), path):
        try:
            if candidate.is_file():  # neither a folder nor a named pipe
                with wave.open(str(candidate), "rb") as file:
                    return file.getnframes() / file.getframerate()
        except (OSError, EOFError, wave.Error):
            continue
    return None
