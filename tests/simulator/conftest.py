"""A scripted application at the other end of the simulator's socket."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import gevent
import pytest
from gevent.server import StreamServer
from simulator.recording import Frame, FrameReader

from vipgate_fs.simulator import Dialplan, Simulator

SPEED = math.inf


class Peer:
    """The application's end of one connection."""

    def __init__(self, sock) -> None:
        self.sock = sock
        self.frames: list[Frame] = []
        self._reader = FrameReader()
        self._unread: list[Frame] = []

    def ask(self, command: str) -> Frame:
        """Send a command; its reply, or the connect reply. Events that come before it stay in `frames`."""
        self.send(command)
        return self.until(lambda frame: frame.kind not in ("event", "text/disconnect-notice"))

    def send(self, command: str) -> None:
        self.sock.sendall(command.encode() + b"\n\n")

    def execute(self, application: str, argument: str = "", uuid: str = "", lock: bool = True) -> None:
        lines = ["sendmsg", "call-command: execute", f"execute-app-name: {application}"]
        lines += [f"execute-app-arg: {argument}"] if argument else []
        lines += [f"Event-UUID: {uuid}"] if uuid else []
        assert self.ask("\n".join([*lines, "event-lock: true"] if lock else lines)).fields["Reply-Text"] == "+OK"

    def complete(self, application: str, argument: str = "") -> dict[str, str]:
        """Execute an application and wait until it has ended: its CHANNEL_EXECUTE_COMPLETE."""
        self.execute(application, argument, f"{application}-uuid")
        return self.event("CHANNEL_EXECUTE_COMPLETE", application)

    def event(self, name: str, application: str | None = None) -> dict[str, str]:
        found = self.until(
            lambda frame: (
                frame.fields.get("Event-Name") == name and application in (None, frame.fields.get("Application"))
            )
        )
        return found.fields

    def until(self, wanted: Callable[[Frame], bool]) -> Frame:
        """Read until a frame that is wanted has come."""
        while True:
            while self._unread:
                frame = self._unread.pop(0)
                self.frames.append(frame)
                if wanted(frame):
                    return frame
            self._receive()

    def drain(self) -> list[Frame]:
        """Read until the switch closes: all frames."""
        try:
            while True:
                self._receive()
        except (EOFError, OSError):
            self.frames += self._unread
            return self.frames

    def _receive(self) -> None:
        with gevent.Timeout(10):
            data = self.sock.recv(65536)
        if not data:
            raise EOFError
        self._unread += self._reader.feed(data)


class Gate:
    """Makes simulators whose calls are served by `script(peer)`."""

    def __init__(self) -> None:
        self._servers: list[StreamServer] = []
        self._simulators: list[Simulator] = []
        self._scripts: list[gevent.Greenlet] = []

    def __call__(self, script: Callable[[Peer], None], dialplan: Callable[..., Dialplan] | None = None, **options):
        """A simulator; `dialplan` makes another dialplan of the socket action that leads to the script."""

        def serve(sock, _address) -> None:
            self._scripts.append(gevent.getcurrent())
            try:
                script(Peer(sock))
            except (EOFError, OSError):
                pass
            finally:
                sock.close()

        server = StreamServer(("127.0.0.1", 0), serve)
        server.start()
        self._servers.append(server)
        if dialplan is not None:
            options["dialplan"] = dialplan(("socket", f"127.0.0.1:{server.server_port} async full"))
        self._simulators.append(Simulator(port=server.server_port, **{"speed": SPEED, **options}))
        return self._simulators[-1]

    def wait(self) -> None:
        """Until all scripts have ended. Raises what one of them raised."""
        for script in self._scripts:
            script.get(timeout=20)

    def close(self) -> None:
        for server in self._servers:
            server.stop(timeout=0)
        for simulator in self._simulators:
            simulator.close()


@pytest.fixture
def gate() -> Iterator[Gate]:
    made = Gate()
    yield made
    made.close()
