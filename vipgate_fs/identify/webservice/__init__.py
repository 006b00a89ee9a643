"""`webservice`: a web service decides. `docs/webservice.md` is the manual for both sides.

`settings` makes the step of its configuration; `step` asks: `form` writes the request, `fetch` sees to connections,
credentials and redirects, `exchange` speaks HTTP over `streams`, `answers` reads what came back; `breaker` and `cache`
spare the service.
"""

from __future__ import annotations

from vipgate_fs.identify.webservice.settings import build
from vipgate_fs.identify.webservice.step import Webservice

__all__ = ["Webservice", "build"]
