"""`prompts`: where the sound files of a gate are, and whether they are there."""

from __future__ import annotations

from functools import cache
from os.path import isdir, isfile
from pathlib import Path
from typing import Final

from vipgate_fs.document.findings import Place, Report
from vipgate_fs.document.section import Section

_RATES: Final = ("8000", "16000", "32000", "48000")
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
        self._path, self._exists = cache(self._find), cache(self._look)  # thousands of gates have the same
        self._is_here = isdir(folder.parent)  # noqa: PTH112 - Path's raises where it may not look
        if not self._is_here:
            report.warning(
                place, f"there is no {folder.parent} on this machine: whether the sounds exist was not checked"
            )

    def path(self, prompts: Section, name: str, *, used: bool) -> str:
        """The path of a prompt without the rate's folder; it must exist when it is configured or used."""
        path = self._path(prompts.text(name))
        written = name in prompts
        if self._is_here and (used or written) and not self._exists(path):
            rates = ", ".join(_RATES)
            message = f"there is no {path}, nor in the folders {rates} beside it"
            self._report.error(prompts.place(name) if written else self._place, message)
        return path

    def _find(self, name: str) -> str:
        return str(self._folder / name)

    def _look(self, path: str) -> bool:
        places = [Path(path), *(Path(path).parent / rate / Path(path).name for rate in _RATES)]
        return any(isfile(place) for place in places)  # noqa: PTH113 - as above
