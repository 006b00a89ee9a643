"""What may be used in an application's argument as the target of a call.

FreeSWITCH expands `${…}` in every application argument, reads `'app:data' inline` as a dialplan of its own and a
leading `-` as an option of `transfer`: an unchecked target is code execution on the switch (shown with a real one).
So targets are whitelisted, whatever their source.
"""

from __future__ import annotations

import re
from typing import Final

PATTERN: Final = r"[0-9A-Za-z+*#][0-9A-Za-z+*#._-]{0,63}"
"""Repeated in the JSON schemas: digits, letters, + * # . _ -, at most 64 characters, not beginning with . _ or -."""

_DIALABLE: Final = re.compile(PATTERN, re.ASCII)

_BETWEEN: Final = re.compile(r"[\s./\u00ad\u2010-\u2015\u2212-]+")
"""What people write between the digits of a number."""
_DIALLED: Final = re.compile(r"\+?[0-9*#]+", re.ASCII)


def is_dialable(text: str) -> bool:
    """Whether `text` may be sent to FreeSWITCH as the target of a transfer."""
    return _DIALABLE.fullmatch(text) is not None


def as_dialled(written: str) -> str:
    """A number as a telephone dials it, however it was written: `+49 89 123456-0`, `(089) 123456`."""
    keys = "".join(_BETWEEN.split(written)).replace("(0)", "")
    keys = keys.replace("(", "").replace(")", "")
    return keys if _DIALLED.fullmatch(keys) else written
