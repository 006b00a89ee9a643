"""What a process of the service does first and last."""

from __future__ import annotations

import os
import resource
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Never

from vipgate_fs.service.logs import Log


def leave_no_core() -> None:
    """Let the system write no core dump of this process or those that it forks: their memory contains PINs.

    The limit is one byte: where dumps go to a program, as systemd's and Ubuntu's do, none at all would be no limit
    (core(5), fs/coredump.c).
    """
    with suppress(ValueError):  # somebody has set it to none, and only root may raise it
        resource.setrlimit(resource.RLIMIT_CORE, (1, 1))


def live(work: Callable[[], None], log: Log, leave: Callable[[], None], name: str) -> Never:
    """Be a process of the service, one that was forked, until the work is done.

    Args:
        work: what it is for.
        log: of errors of VIPgate itself.
        leave: closes what it has inherited and has no use for.
        name: as `ps` shows it, up to 15 characters.
    """
    status = 1
    try:
        signal.set_wakeup_fd(-1)
        for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):  # systemd and terminals send them to all
            signal.signal(each, signal.SIG_IGN)
        leave()
        _name(name)
        work()
        status = 0
    except BaseException:  # noqa: BLE001 - it ends here: above are the supervisor's frames
        log.error("error in a process of the service", process=name, exception=traceback.format_exc())
    finally:
        with suppress(OSError):  # a full disk
            sys.stderr.flush()
        os._exit(status)


def _name(name: str) -> None:
    """Be shown by that name; Python 3.14 names threads for the system, and gevent's would be the process itself."""
    if hasattr(threading.Thread, "_set_os_name"):
        setattr(threading.Thread, "_set_os_name", lambda _thread: None)  # noqa: B010 - mypy doesn't know it
    with suppress(OSError):
        Path("/proc/self/comm").write_text(name, "ascii")
