"""`webservice`: a web service decides. `docs/webservice.md` is the manual for both sides.

`step` is the step and how it is configured; `form` writes the request, `fetch` sends it over `streams`, `answers` reads
what comes back, `breaker` and `cache` spare the service.
"""

from __future__ import annotations

from vipgate_fs.identify.webservice.step import Webservice, build

__all__ = ["Webservice", "build"]
