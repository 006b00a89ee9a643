"""`database`: a query identifies the caller. `docs/database-and-plugins.md` is its manual.

`step` is the step and how it is configured; `source` is a database that is asked in time or not at all.
"""

from __future__ import annotations

from vipgate_fs.identify.database.step import Database, build

__all__ = ["Database", "build"]
