"""`callers`: lists of numbers that pass or are rejected without a PIN. `docs/lists.md` is its manual.

`step` is the step; `lists` what is said of numbers; `list_file` a list in a file, row by row, by `columns` and `cells`;
`pin_list` the PINs of such a list, for `caller_pin`.
"""

from __future__ import annotations

from vipgate_fs.identify.callers.step import Callers, build

__all__ = ["Callers", "build"]
