"""How many calls are too many: when connections are refused, and when they are accepted again."""

from __future__ import annotations

import math

from vipgate_fs.service.children import Children
from vipgate_fs.service.logs import Log
from vipgate_fs.service.port import Port
from vipgate_fs.service.timings import Timings


class Regulation:
    """Opens and closes the port by what the workers report.

    Args:
        children: the workers.
        timings: when there is no hope that one of them stays alive.
        log: of each change.
    """

    def __init__(self, children: Children, timings: Timings, log: Log) -> None:
        self._children, self._timings, self._log = children, timings, log
        self._full_at = math.inf

    def regulate(self, port: Port, limit: int) -> None:
        """Refuse connections while there are too many calls, or while nobody serves them.

        They are accepted again when 5 % of the calls have ended that were too many.
        """
        calls, serving = self._children.calls, self._children.serving
        full = all(child.report.full for child in serving)
        if not port.is_open:
            if serving and not full and calls <= 0.95 * min(limit, self._full_at):
                self.open(port)
                self._log.info("connections are accepted again", calls=calls)
            return
        self._full_at = math.inf
        if calls >= limit:
            self._log.warning("connections are refused: server.max_calls is reached", calls=calls)
        elif serving and full:
            self._log.error("connections are refused: too few file descriptors (LimitNOFILE, ulimit -n)", calls=calls)
            self._full_at = calls
        elif not serving and self._children.delay >= self._timings.hopeless:
            self._log.error("connections are refused: no worker stays alive")
        else:
            return
        port.close()

    def open(self, port: Port) -> None:
        """Accept connections; workers that have met the closed port wait for this."""
        port.open()
        for child in self._children:
            if child.accepting:
                child.admit()
