"""What the supervisor answers the process that shows figures (`server.metrics`); see `vipgate_fs.figures`."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any, Final

from vipgate_fs.figures import ALL, READY
from vipgate_fs.service.attendant import Ask, Attendant
from vipgate_fs.service.children import Children
from vipgate_fs.service.logs import Log
from vipgate_fs.service.status import Status
from vipgate_fs.service.timings import Timings

_NO_STORE: Final = "none"


def metrics(  # noqa: PLR0913, PLR0917 - each is a part of its own
    children: Children,
    status: Callable[[], Status],
    most_calls: Callable[[], int],
    leave: Callable[[], None],
    log: Log,
    timings: Timings,
) -> Attendant:
    """The attendant.

    Args:
        children: have what workers have counted.
        status: of the service.
        most_calls: `server.max_calls`.
        leave: see Attendant.
        log: see Attendant.
        timings: see Attendant.
    """
    began = time.time()
    answers = {
        READY: lambda _: status().obstacle,
        ALL: lambda _: _figures(children, status(), most_calls(), began),
    }
    return Attendant("metrics", _serve, answers, leave, log, timings)


def _serve(listener: Any, ask: Ask, log: Log) -> None:
    """Imported here, by the only process that needs prometheus_client: workers are forked from the supervisor."""
    import_module("vipgate_fs.figures.site").serve(listener, ask, log)


def _figures(children: Children, status: Status, most_calls: int, began: float) -> dict[str, Any]:
    gauges = {
        "vipgate_dialogues": status.calls,
        "vipgate_max_calls": most_calls,
        "vipgate_lockouts": children.lockouts(shared=status.store != _NO_STORE),
        "vipgate_overrides": status.overrides,
        "vipgate_workers": status.workers,
        "vipgate_workers_wanted": status.workers_wanted,
        "vipgate_accepting": int(status.accepting),
        "vipgate_config_last_reload_successful": int(status.refused is None),
        "vipgate_config_last_reload_success_timestamp_seconds": status.taken_over,
        "process_start_time_seconds": began,
    }
    if status.store != _NO_STORE:
        gauges["vipgate_store_up"] = int(status.store == "ok")
    return {
        "gauges": gauges,
        "worker_deaths": children.deaths,
        "counted": list(children.counts.rows()),
        "build": {"version": status.version, "python": platform.python_version()},
    }
