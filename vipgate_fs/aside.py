"""Run blocking work off the event loop, with a deadline."""

from __future__ import annotations

import queue
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, Final, TypeVar

AT_ONCE: Final = 10
"""Pieces of work of one step that run at the same time in one process."""
_IDLE: Final = 60.0
"""Seconds after which an idle thread ends."""

T = TypeVar("T")
_Caught = tuple[Any, BaseException | None]


class Aside:
    """Run each piece of work in a thread, AT_ONCE of them at a time; further ones queue.

    A piece that overruns its deadline keeps running unattended, and keeps its place until it ends.

    Args:
        native: in a process that gevent has patched, use threads of the operating system. Work that waits in Python's
            own sockets needs none: there, a thread is a greenlet.
    """

    def __init__(self, *, native: bool) -> None:
        self._native = native
        self._places = threading.BoundedSemaphore(AT_ONCE)
        self._pool: Any = None

    def run(self, work: Callable[[], T], seconds: float) -> T:
        """Return or raise whatever `work` does.

        Raises:
            TimeoutError: the deadline passed before it ended, or before it could start.
        """
        until = time.monotonic() + seconds

        def do() -> _Caught:
            # A place that becomes free at the deadline must not start work that nobody waits for any more.
            return _catch(work) if time.monotonic() < until else (None, TimeoutError())

        value, error = (self._in_native_thread if self._native and _is_patched() else self._in_thread)(do, seconds)
        if error is not None:
            raise error
        return value  # type: ignore[no-any-return]

    def _in_thread(self, do: Callable[[], _Caught], seconds: float) -> _Caught:
        until = time.monotonic() + seconds
        if not self._places.acquire(timeout=seconds):
            raise TimeoutError
        answers: queue.SimpleQueue[_Caught] = queue.SimpleQueue()

        def thread() -> None:
            caught = do()
            self._places.release()
            answers.put(caught)

        threading.Thread(target=thread, daemon=True).start()
        try:
            return answers.get(timeout=max(0.0, until - time.monotonic()))
        except queue.Empty:
            raise TimeoutError from None

    def _in_native_thread(self, do: Callable[[], _Caught], seconds: float) -> _Caught:
        from gevent import Timeout, threadpool  # noqa: PLC0415 - only a process that has gevent gets here

        if self._pool is None:  # not made before it is needed: it belongs to the process and the thread that made it
            self._pool = threadpool.ThreadPool(AT_ONCE, idle_task_timeout=_IDLE)
        with Timeout(seconds, TimeoutError):
            return self._pool.spawn(do).get()  # type: ignore[no-any-return]


def _is_patched() -> bool:
    monkey = sys.modules.get("gevent.monkey")
    return monkey is not None and monkey.is_module_patched("threading")


def _catch(work: Callable[[], Any]) -> _Caught:
    """No exception leaves a thread, where it would only be printed; not even SystemExit."""
    try:
        return work(), None
    except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
        return None, error
