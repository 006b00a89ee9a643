"""What a telephone hears, packet by packet: the prompts in `sounds/`, tones, silence.

A prompt is recognised by its bytes: FreeSWITCH plays a file of the channel's own rate as it is, so each packet holds a
piece of the file, encoded. No likeness is measured, so no other recording is ever taken for it.
"""

from __future__ import annotations

import array
import math
import sys
import wave
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

SOUNDS = Path(__file__).resolve().parents[2] / "sounds"
PACKET_SECONDS = 0.02
PROMPTS = ("welcome", "wrong-pin", "customer-number", "rejected")
TONES = {"called": 600, "vip": 900, "forward": 1200, "other": 750, "tone": 425}
"""Hz, by who speaks. All but VIPgate's own tone are multiples of 50 Hz: whole periods in a packet."""
UNKNOWN = "?"
_AUDIBLE = 200.0
"""Root mean square of 16-bit samples; what is quieter is silence."""


@dataclass(frozen=True, slots=True)
class Codec:
    """A way to put samples into bytes.

    Attributes:
        name: as SDP's rtpmap has it.
        payload_type: of RTP (RFC 3551; from 96 on: dynamic).
        rate: samples a second.
        encode: one sample (16 bit, signed) to its bytes.
    """

    name: str
    payload_type: int
    rate: int
    encode: Callable[[int], bytes]

    def __str__(self) -> str:
        return f"{self.name} {self.rate // 1000} kHz"

    @property
    def samples(self) -> int:
        """Samples in a packet."""
        return round(self.rate * PACKET_SECONDS)

    @property
    def silence(self) -> bytes:
        """A packet of it."""
        return self.encode(0) * self.samples


def _mu_law(sample: int) -> bytes:
    """G.711, µ-law."""
    mask, magnitude = (0xFF, 132 + sample) if sample >= 0 else (0x7F, 132 - sample)
    segment = max(magnitude | 0xFF, 0).bit_length() - 8
    if segment > 7:
        return bytes([0x7F ^ mask])
    return bytes([((segment << 4) | ((magnitude >> (segment + 3)) & 0xF)) ^ mask])


def _a_law(sample: int) -> bytes:
    """G.711, A-law; FreeSWITCH takes 8 off a negative sample, and what is left of the smallest becomes 0."""
    mask, magnitude = (0xD5, sample) if sample >= 0 else (0x55, -sample - 8)
    segment = (magnitude | 0xFF).bit_length() - 8
    if magnitude < 0 or segment > 7:
        return bytes([(0x7F if sample >= 0 else 0) ^ mask])
    return bytes([((segment << 4) | ((magnitude >> (segment + 3 if segment else 4)) & 0xF)) ^ mask])


def _l16(sample: int) -> bytes:
    return sample.to_bytes(2, "big", signed=True)


PCMU = Codec("PCMU", 0, 8000, _mu_law)
PCMA = Codec("PCMA", 8, 8000, _a_law)
L16 = Codec("L16", 96, 16000, _l16)
"""The only codec of 16 kHz that every FreeSWITCH has: G.722 lives in a module."""


class Ear:
    """Recognises what packets of a codec hold."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        encoded = {sample: codec.encode(sample) for sample in range(-0x8000, 0x8000)}
        self._width = len(codec.encode(0))
        self._samples = {code: sample for sample, code in encoded.items()}
        self._prompts = {
            f"{file.parent.parent.name}/{file.stem.removeprefix('vipgate-')}": b"".join(map(encoded.get, _read(file)))
            for file in sorted(SOUNDS.glob(f"*/{codec.rate}/*.wav"))
        }

    def hears(self, payload: bytes, before: tuple[str, int] = ("", 0)) -> tuple[str, int] | None:
        """What a packet holds.

        Args:
            payload: of the packet.
            before: what the packet before held. Some prompts have words in common: then the one that goes on is meant.

        Returns:
            (what, the byte of it that the packet begins with); `UNKNOWN` for what is neither prompt nor tone; None for
            silence, and for what begins several prompts.
        """
        samples = [self._samples[payload[at : at + self._width]] for at in range(0, len(payload), self._width)]
        loudness = _loudness(samples)
        if loudness < _AUDIBLE:
            return None
        found = {name: at for name, prompt in self._prompts.items() if (at := prompt.find(payload)) >= 0}
        name, position = before
        if found.get(name, -1) > position:
            return name, found[name]
        if found:
            return next(iter(found.items())) if len(found) == 1 else None
        for name, frequency in TONES.items():
            if _power(samples, frequency / self._codec.rate) > 0.6 * loudness**2:
                return name, 0
        return UNKNOWN, 0


@cache
def ear(codec: Codec) -> Ear:
    """The ear for a codec."""
    return Ear(codec)


def _read(file: Path) -> Sequence[int]:
    with wave.open(str(file)) as sound:
        samples = array.array("h", sound.readframes(sound.getnframes()))
    if sys.byteorder == "big":
        samples.byteswap()
    return samples


def _loudness(samples: Sequence[int]) -> float:
    return math.sqrt(sum(sample * sample for sample in samples) / len(samples)) if samples else 0.0


def _power(samples: Sequence[int], frequency: float) -> float:
    """Mean power of one frequency (a fraction of the sampling rate), by Goertzel's algorithm."""
    factor = 2 * math.cos(2 * math.pi * frequency)
    last = before = 0.0
    for sample in samples:
        last, before = sample + factor * last - before, last
    return 2 * (last * last + before * before - factor * last * before) / len(samples) ** 2
