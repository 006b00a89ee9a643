"""The table of callers and PINs of VIPgate on STARFACE, as a list: its two columns, saved as CSV or .xlsx."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from vipgate_fs.document.sources import read_file
from vipgate_fs.identify.callers.cells import Fault
from vipgate_fs.identify.callers.list_file import ListFile, Unreadable
from vipgate_fs.sentences import said, say
from vipgate_fs.setup.answers import Unusable


def callers_of(path: Path) -> Mapping[str, str]:
    """PINs by the caller's number, in the order of the list. Never to be shown.

    The module has no export of its own: the list is what somebody has copied from its page, with the names of its
    columns, Caller Identification and PIN (or any that docs/lists.md has).

    Raises:
        Unusable: it is no such list, or a row has no number or no PIN.
        OSError: it can't be read.
    """
    pins: dict[str, str] = {}
    try:
        for row in ListFile(read_file(path), "number", "pin"):
            if isinstance(row, Fault):
                raise Unusable("callers", [say("line {line}: {why}", line=row.line, why=row.message)])
            pins[row.key] = row.value or ""
    except Unreadable as error:
        raise Unusable("callers", [said(error)]) from None
    if not pins:
        raise Unusable("callers", [say("the list has no callers")])
    return pins
