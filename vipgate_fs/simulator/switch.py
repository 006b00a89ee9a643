"""A simulated FreeSWITCH that places calls to a gate: what `vipgate demo`, `vipgate call` and the tests run.

experience = Simulator("127.0.0.1", 8084, speed=20).call(Caller("+4930123456", dial="0815#"), to="7001")
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final
from weakref import WeakSet

import gevent
from gevent import socket

from vipgate_fs.simulator.api import Api, Directory
from vipgate_fs.simulator.applications import APPLICATIONS
from vipgate_fs.simulator.arguments import is_true
from vipgate_fs.simulator.caller import Caller
from vipgate_fs.simulator.channel import Channel
from vipgate_fs.simulator.clock import Clock, LeapingClock
from vipgate_fs.simulator.delivery import Delivery
from vipgate_fs.simulator.dialplan import Dialplan, Extension
from vipgate_fs.simulator.events import EventSource
from vipgate_fs.simulator.experience import Experience
from vipgate_fs.simulator.invite import Invite
from vipgate_fs.simulator.phone import Phone
from vipgate_fs.simulator.scheduler import Scheduler
from vipgate_fs.simulator.session import Application, Session
from vipgate_fs.simulator.socket import OutboundSocket

_DEFAULT_PORT: Final = 8084
_CONNECT_TIMEOUT: Final = 5.0
"""Real seconds for a host to accept the connection."""


class Call:
    """One call in progress.

    Attributes:
        experience: what its caller has experienced so far.
        channel: its state on the switch, for tests.
    """

    def __init__(self, session: Session, phone: Phone, greenlet: Any) -> None:
        self.experience = phone.experience
        self.channel = session.channel
        self._phone = phone
        self._greenlet = greenlet

    def press(self, digits: str) -> None:
        """The caller presses keys now."""
        self.channel.press(digits)

    def hang_up(self) -> None:
        """The caller hangs up now."""
        self._phone.hang_up()

    def wait(self) -> Experience:
        """Wait for the end of the call. Raises what went wrong in the simulator itself."""
        self._greenlet.get()
        return self.experience


class Simulator:
    """A switch whose incoming calls meet `socket HOST:PORT async full`.

    Args:
        host, port: the gate.
        mode: what follows the host in the socket action.
        speed: simulated seconds in a real one; `math.inf` leaps over all that nobody does anything in, which is for a
            gate in this process that asks nothing outside of it.
        dialplan: in place of the one action; then host, port and mode are not used.
        directory: users and groups for api commands.
        variables: global variables for `global_getvar`, besides `domain`.
        sounds: where a relative sound file begins.
        delivery: makes each connection's Delivery.
        dial: gives the connection to a host and port, or raises OSError; default: by TCP. A gate in this process needs
            no port.
        park_delay: seconds from a socket's `connect` to the park: a peer that closes within them leaves the call parked
            for ever (facts: "App closes"; measured about 1 ms).

    Attributes:
        clock: the simulator's time.
        expansions: the api commands that `${…}` in application arguments ran. On a real switch `system` is one of them:
            whoever gets their text into an argument runs commands there (facts: "Park, privacy and injection").
    """

    def __init__(  # noqa: PLR0913 - all but the gate's address are given by name
        self,
        host: str = "127.0.0.1",
        port: int = _DEFAULT_PORT,
        *,
        mode: str = "async full",
        speed: float = 1.0,
        dialplan: Dialplan | None = None,
        directory: Directory | None = None,
        variables: Mapping[str, str] | None = None,
        sounds: Path | None = None,
        delivery: Callable[[], Delivery] = Delivery,
        dial: Callable[[str, int], Any] | None = None,
        park_delay: float = 0.001,
    ) -> None:
        self.clock = LeapingClock() if speed == math.inf else Clock(speed)
        self.expansions: list[str] = []
        self._dialplan = dialplan or Dialplan(entry=Extension((("socket", f"{host}:{port} {mode}"),), matches=True))
        self._sounds = sounds
        self._delivery = delivery
        self._dial = dial or _dial
        self._park_delay = park_delay
        self._source = EventSource()
        self._counter = itertools.count(1)
        self._sessions: dict[str, Session] = {}
        self._api = Api(self._sessions, directory or Directory(), variables or {})
        scheduler = Scheduler(self.clock)
        self._applications = {
            **APPLICATIONS,
            "socket": Application(self._socket),
            "sched_transfer": Application(scheduler.transfer),
            "sched_cancel": Application(scheduler.cancel),
        }
        self._greenlets: set[Any] = set()
        self._connections: WeakSet[Any] = WeakSet()

    def start(self, caller: Caller, to: str) -> Call:
        """Place a call and return while it goes on.

        Raises:
            ValueError: when a header of the caller is no SIP address.
        """
        invite = Invite.of(caller, to, next(self._counter), self.clock.micros())
        experience = Experience(uuid=invite.profile.uuid)
        phone = Phone(caller, experience, lambda: self._is_abandoned(experience.uuid))
        channel = Channel(invite, self._source, self.clock, phone, self._expand)
        session = Session(channel, phone, self._dialplan, self._applications, self._sounds)
        self._sessions[channel.uuid] = session
        phone.call(channel)
        return Call(session, phone, self._spawn(self._run, session))

    def call(self, caller: Caller, to: str) -> Experience:
        """Place a call, wait for its end, and return what the caller experienced. Raises as `start` does."""
        return self.start(caller, to).wait()

    def api(self, command: str) -> str:
        """What `fs_cli -x` prints: an operator, or another program, does something to the switch or to a call."""
        return self._api.run(command)

    def close(self) -> None:
        """End all calls and connections at once."""
        gevent.killall(list(self._greenlets))
        for sock in list(self._connections):  # also that of a greenlet which was killed before its first line
            sock.close()

    def _expand(self, command: str) -> str:
        self.expansions.append(command)
        return self._api.run(command)

    def _run(self, session: Session) -> None:
        try:
            session.run()
        finally:
            del self._sessions[session.channel.uuid]

    def _spawn(self, do: Callable[..., None], *arguments: Any) -> Any:
        greenlet = gevent.spawn(do, *arguments)
        self._greenlets.add(greenlet)
        greenlet.rawlink(self._greenlets.discard)
        return greenlet

    def _is_abandoned(self, uuid: str) -> bool:
        session = self._sessions.get(uuid)
        return session is not None and session.is_abandoned

    def _socket(self, session: Session, data: str) -> None:
        """The application `socket`: hands the call to the first host that accepts the connection."""
        hosts, *flags = data.split(" ")
        sock = self._connect(session.channel, hosts.split("|"))
        if sock is None:
            return
        self._connections.add(sock)
        listener = OutboundSocket(session, sock, self._delivery(), self._api, flags)
        if "async" in flags:
            self._control(session, listener)
        else:
            listener.run()

    def _control(self, session: Session, listener: OutboundSocket) -> None:
        """Park the channel while a greenlet of its own serves the connection."""
        channel = session.channel
        self._spawn(listener.run)
        while channel.is_ready and not listener.is_connected and not listener.is_finished:
            channel.changed.clear()
            channel.changed.wait()
        self.clock.sleep(self._park_delay)
        session.is_abandoned = listener.is_finished
        session.park()
        session.is_abandoned = False
        session.run_commands(until=math.inf)  # what was sent before the connection closed still happens (facts: g9)
        if channel.state == "RESET" and not channel.transferred and is_true(channel.get("socket_resume")):
            channel.state = "EXECUTE"

    def _connect(self, channel: Channel, hosts: list[str]) -> Any:
        port = str(_DEFAULT_PORT)
        for host in hosts:
            # One without a port has that of the host before it (mod_event_socket.c, socket_function).
            name, port = host.rsplit(":", 1) if ":" in host else (host, port)
            channel.set("socket_host", name)
            try:
                with self.clock.held():
                    return self._dial(name, int(port))
            except OSError:
                continue
        return None


def _dial(host: str, port: int) -> Any:
    sock = socket.create_connection((host, port), timeout=_CONNECT_TIMEOUT)
    sock.settimeout(None)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock
