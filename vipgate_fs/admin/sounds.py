"""Recordings that are uploaded: whatever sox reads becomes WAV files as FreeSWITCH plays them, or is refused.

A file's own name is never used, and what it is shows in what it begins with: sox reads lists of other files, too.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
import time
import wave
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from vipgate_fs.config.model import Configuration
from vipgate_fs.config.sounds import RATES, at_rate
from vipgate_fs.config.store import STATE
from vipgate_fs.gate.site import Site
from vipgate_fs.resources import resource
from vipgate_fs.sentences import say

LARGEST: Final = 16 * 1024 * 1024
"""Bytes of a recording that is uploaded."""
LONGEST: Final = 60
"""Seconds of it."""
_SHORTEST: Final = 0.1
_PATIENCE: Final = 30.0
"""Seconds for all rates."""
_LIMITS: Final = 'ulimit -t 20 -v 1048576 -f 32768; exec "$@"'
"""Processor seconds, KiB of memory, and blocks of 512 bytes of a file."""
_USUAL: Final = ("8000", "16000")
_ALL: Final = 256 * 1024 * 1024
"""Bytes of all recordings together."""
_OLD: Final = 86_400.0
"""Seconds after which a recording goes that nobody names."""
_FORMATS: Final = (
    (re.compile(rb"RIF[FX].{4}WAVE", re.DOTALL), "wav"),
    (re.compile(rb"ID3|\xff[\xe2-\xff]", re.DOTALL), "mp3"),
    (re.compile(rb"fLaC"), "flac"),
    (re.compile(rb"OggS.{24,30}vorbis", re.DOTALL), "vorbis"),
    (re.compile(rb"FORM.{4}AIF[FC]", re.DOTALL), "aiff"),
    (re.compile(rb"\.snd|dns\."), "au"),
    (re.compile(rb"caff"), "caf"),
    (re.compile(rb"#!AMR-WB\n"), "amr-wb"),
    (re.compile(rb"#!AMR\n"), "amr-nb"),
    (re.compile(rb"riff\x2e\x91"), "w64"),
    (re.compile(rb"wvpk"), "wv"),
    (re.compile(rb"Creative Voice File"), "voc"),
    (re.compile(rb"NIST_1A"), "sph"),
)
"""What a file of a format begins with, and what sox calls it."""
_OTHERWISE: Final = re.compile(r"[^A-Za-z0-9_-]+", re.ASCII)


def is_possible() -> bool:
    """Whether this machine has sox."""
    return shutil.which("sox") is not None


def rates(site: Site) -> tuple[str, ...]:
    """The sampling rates that the site has prompts in."""
    here = site.sounds / site.language
    return tuple(rate for rate in RATES if (here / rate).is_dir()) or _USUAL


def folder(path: Path, configuration: Configuration) -> Path:
    """Where recordings go: below the site's own sounds, the service's folder, or beside the configuration.

    Args:
        path: of the configuration.
        configuration: says where the sounds are.
    """
    sounds = configuration.site.sounds
    if sounds != resource("sounds") and os.access(sounds, os.W_OK):
        return sounds / "uploaded"
    return (STATE if STATE.is_dir() and os.access(STATE, os.W_OK) else path.absolute().parent) / "sounds"


def take(data: bytes, where: Path, name: str, wanted: Iterable[str]) -> Path:
    """Convert a recording, and keep it for each rate; its path as a prompt names it, without the rate's folder.

    Args:
        data: of the recording.
        where: the folder; it is made if need be.
        name: what it is for.
        wanted: rates.

    Raises:
        ValueError: it is no recording that can be used. The text says why.
        OSError: it can't be kept.
    """
    if not data:
        raise ValueError(say("choose a file"))
    kind = next((kind for form, kind in _FORMATS if form.match(data)), None)
    if kind is None:
        raise ValueError(say("this is no audio file that sox reads; allowed: WAV, MP3, FLAC, Ogg Vorbis, AIFF …"))
    if len(data) > LARGEST:
        raise ValueError(say("this is too large"))
    where.mkdir(mode=0o755, parents=True, exist_ok=True)
    if sum(each.stat().st_size for each in where.rglob("*.wav")) > _ALL:
        raise ValueError(say("there are too many recordings in {folder}; remove those of before", folder=where))
    stem = f"{_OTHERWISE.sub('-', name)}-{hashlib.sha256(data).hexdigest()[:12]}"
    path, until = where / f"{stem}.wav", time.monotonic() + _PATIENCE
    with tempfile.TemporaryDirectory(prefix=".new-", dir=where) as draft:
        source = Path(draft, "recording")
        source.write_bytes(data)
        made = {rate: _converted(source, kind, rate, until) for rate in wanted}
        for rate, file in made.items():
            place = Path(at_rate(str(path), rate))
            place.parent.mkdir(mode=0o755, exist_ok=True)
            for each in (where, place.parent):
                each.chmod(0o755)  # the switch has to read them, whatever the service's umask is
            file.chmod(0o644)
            file.replace(place)
    return path


def forget(where: Path, named: Iterable[bytes]) -> None:
    """Remove recordings of more than a day ago that no version of the file names any more."""
    texts = list(named)
    with_age = [each for each in where.glob("*/*.wav") if each.stat().st_mtime < time.time() - _OLD]
    for each in with_age:
        if not any(each.name.encode() in text for text in texts):
            each.unlink(missing_ok=True)


def playable(path: str) -> Path | None:
    """The WAV file of a prompt that a browser can play, at the best rate; None: there is none."""
    for place in (*(at_rate(path, rate) for rate in reversed(RATES)), path):
        try:
            with Path(place).open("rb") as file:
                head = file.read(12)
            if head[:4] == b"RIFF" and head[8:] == b"WAVE" and Path(place).stat().st_size <= LARGEST:
                return Path(place)
        except OSError:
            continue
    return None


def _converted(source: Path, kind: str, rate: str, until: float) -> Path:
    """A WAV file of that rate. Raises ValueError."""
    target = source.with_name(f"{rate}.wav")
    sox = ["sox", "-V1", "-G", "-t", kind, str(source), "-c", "1", "-b", "16", "-e", "signed-integer", "-r", rate]
    command = ["/bin/sh", "-c", _LIMITS, "sh", *sox, "-t", "wav", str(target), "trim", "0", str(LONGEST + 1)]
    try:
        subprocess.run(  # noqa: S603 - nothing in it is what somebody has typed
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=max(0.1, until - time.monotonic()),
            check=True,
            cwd=source.parent,
            env={"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C"},
        )
        with wave.open(str(target), "rb") as made:
            length = made.getnframes() / made.getframerate()
    except (subprocess.SubprocessError, wave.Error, EOFError, OSError):
        raise ValueError(say("sox can't read this as {kind}; is the file whole?", kind=kind)) from None
    if length < _SHORTEST:
        raise ValueError(say("there is nothing to hear in this"))
    if length > LONGEST:
        raise ValueError(say("this takes longer than {most} s; shorten it", most=LONGEST))
    return target
