"""`prompts`: the sound files of a gate, and whether they exist."""

from __future__ import annotations

import os
import pwd
from functools import cache
from os.path import isdir, isfile
from pathlib import Path
from typing import Final

from vipgate_fs.document.findings import Place, Report
from vipgate_fs.document.section import Section
from vipgate_fs.document.sources import read_file
from vipgate_fs.exposure import may_read
from vipgate_fs.sentences import Sentence, say
from vipgate_fs.sentences.system import system_says

_HEAD: Final = 12
_WAV: Final = (b"RIFF", b"RIFX", b"RF64")
"""What a WAV file begins with (EBU Tech 3306); `WAVE` follows after its length."""
SWITCH: Final = "freeswitch"
"""The user who runs the switch, as Debian's packages have it."""
RATES: Final = ("8000", "16000", "32000", "48000")
"""Folders beside the file that FreeSWITCH looks into (mod_sndfile.c, sndfile_file_open)."""


class Sounds:
    """The sounds of one language on the switch's machine.

    Args:
        folder: of the language.
        place: in the configuration, where the folder is set.
    """

    def __init__(self, folder: Path, place: Place, report: Report) -> None:
        self._folder = folder
        self._place = place
        self._report = report
        # Thousands of gates have the same.
        self._is_hidden = cache(self._find_hidden)
        self._path, self._exists, self._spoilt = cache(self._find), cache(self._look), cache(self._find_spoilt)
        self._is_here = isdir(folder.parent)  # noqa: PTH112 - Path's raises where it may not look
        if not self._is_here:
            report.warning(
                place,
                say(
                    "there is no {folder} on this machine: whether the sounds exist was not checked",
                    folder=folder.parent,
                ),
            )

    def path(self, prompts: Section, name: str, *, used: bool) -> str:
        """The path of a prompt without the rate's folder; it must exist when it is configured or used."""
        path = self._path(prompts.text(name))
        written = name in prompts
        if self._is_here and (used or written) and not self._exists(path):
            rates = ", ".join(RATES)
            message = say("there is no {path}, nor in the folders {rates} beside it", path=path, rates=rates)
            self._report.missing(prompts.place(name) if written else self._place, message)
        elif self._is_here and (why := self._spoilt(path)):
            self._report.missing(prompts.place(name) if written else self._place, why)
        elif self._is_here and (used or written) and self._is_hidden(path):
            what = say(
                "user {user} can't read {path} or a folder above it; the switch must be able to", user=SWITCH, path=path
            )
            self._report.warning(prompts.place(name) if written else self._place, what)
        return path

    def _find(self, name: str) -> str:
        return str(self._folder / name)

    def _look(self, path: str) -> bool:
        return any(map(isfile, places(path)))

    def _find_hidden(self, path: str) -> bool:
        """Whether all that is there is hidden from the switch's user, where this machine has one."""
        return all(map(_is_hidden, filter(isfile, places(path))))

    def _find_spoilt(self, path: str) -> Sentence | None:
        """Why the switch could not play an existing sound file."""
        if not path.lower().endswith(".wav"):  # what else there is FreeSWITCH's modules know
            return None
        return next(filter(None, map(_look_into, filter(isfile, places(path)))), None)


def places(path: str) -> list[str]:
    """Where FreeSWITCH looks for a sound file: as it is named, and in each rate's folder beside it."""
    return [path, *(at_rate(path, rate) for rate in RATES)]


def at_rate(path: str, rate: str) -> str:
    """Where it looks for a sound file in a rate."""
    where = Path(path)
    return str(where.parent / rate / where.name)


def _is_hidden(path: str) -> bool:
    try:
        user = pwd.getpwnam(SWITCH)
        groups = set(os.getgrouplist(SWITCH, user.pw_gid))
        return not may_read(Path(path), user.pw_uid, groups)
    except (KeyError, OSError):
        return False


def _look_into(path: str) -> Sentence | None:
    try:
        head = read_file(Path(path)).data[:_HEAD]
    except OSError as error:
        return say("{path}: {why}; the switch must be able to read it", path=path, why=system_says(error))
    if head[:4] in _WAV and head[8:12] == b"WAVE":
        return None
    if not head:
        return say("{path} is empty; allowed: a WAV file", path=path)
    is_mp3 = head[:3] == b"ID3" or head[:2] in (b"\xff\xfb", b"\xff\xf3")
    return say(
        "{path} is no WAV file but {what}; convert it (sox, ffmpeg): its name alone does not make it one",
        path=path,
        what=say("an MP3 file") if is_mp3 else say("something else"),
    )
