"""`database`: a query identifies the caller. `docs/database-and-plugins.md` is its manual.

`step` is the step and how it is configured, `options` reads those of the URL; `source` asks one question in time or not
at all, of one of `kinds`; `sqlite_file` reads what belongs to somebody else; `row` makes a verdict of what came back.
"""

from __future__ import annotations

from vipgate_fs.identify.database.step import Database, build

__all__ = ["Database", "build"]
