"""A FreeSWITCH of the test's own, and a connection to its event socket."""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

from freeswitch import configuration
from freeswitch.configuration import CONTROL, HOST, INSIDE, LIBERAL, PASSWORD, SILENT, TRUNK, WEBSERVICE
from freeswitch.gate import wait_until
from freeswitch.machine import HOST as HOST_ROOT
from freeswitch.machine import Machine, foreign

GATES = FIRST, SECOND = 8084, 8086
"""The ports that freeswitch-dialplan.xml names."""


def own_network() -> bool:
    """Move this process to a network of its own that has nothing but a loopback interface, if it may (root may)."""
    new_network, get_flags, set_flags, up = 0x40000000, 0x8913, 0x8914, 1  # man 2 unshare, man 7 netdevice
    if ctypes.CDLL(None, use_errno=True).unshare(new_network) != 0:
        return False
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sh14x", b"lo", 0)
        (flags,) = struct.unpack_from("16xh", fcntl.ioctl(any_socket, get_flags, request))
        fcntl.ioctl(any_socket, set_flags, struct.pack("16sh14x", b"lo", flags | up))
    return True


def taken_ports() -> list[int]:
    """Those that the suite needs and somebody else has."""

    def is_taken(port: int, kind: socket.SocketKind) -> bool:
        with socket.socket(socket.AF_INET, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(kind == socket.SOCK_STREAM))
            return probe.connect_ex((HOST, port)) == 0 if kind == socket.SOCK_STREAM else _fails(probe, port)

    streams = [port for port in (*GATES, CONTROL, WEBSERVICE, SILENT) if is_taken(port, socket.SOCK_STREAM)]
    return streams + [port for port in (TRUNK, INSIDE, LIBERAL) if is_taken(port, socket.SOCK_DGRAM)]


def _fails(probe: socket.socket, port: int) -> bool:
    try:
        probe.bind((HOST, port))
    except OSError:
        return True
    return False


class Control:
    """An inbound event socket connection."""

    def __init__(self, port: int = CONTROL, password: str = PASSWORD) -> None:
        self._socket = socket.create_connection((HOST, port), timeout=10)
        self._stream = self._socket.makefile("rb")
        self._receive()
        self.command(f"auth {password}")

    def command(self, text: str) -> str:
        """Send a command; its answer."""
        self._socket.sendall(f"{text}\n\n".encode())
        headers, body = self._receive()
        return body.decode("utf-8", "replace").strip() or headers

    def events(self):
        """Those that come until the connection ends."""
        self._socket.settimeout(None)
        while (received := self._receive())[0]:
            headers, body = received
            if "text/event-plain" in headers:
                yield body

    def close(self) -> None:
        """End the connection."""
        self._stream.close()
        self._socket.close()

    def interrupt(self) -> None:
        """Let `events` in another thread end: FreeSWITCH says goodbye and closes."""
        self._socket.sendall(b"exit\n\n")

    def _receive(self) -> tuple[str, bytes]:
        lines = []
        while line := self._stream.readline().strip():
            lines.append(line.decode("utf-8", "replace"))
        length = next((int(line.split()[1]) for line in lines if line.startswith("Content-Length:")), 0)
        return "\n".join(lines), self._stream.read(length)


class Switch:
    """FreeSWITCH, installed below `prefix`, with a configuration in `folder`, until `stop`.

    Args:
        write: writes the configuration into the folder.
        profiles: SIP profiles that it has.
        control: port and password of its event socket.
        machine: where it runs, with the folder as /etc/freeswitch.
    """

    def __init__(
        self,
        prefix: Path,
        folder: Path,
        write: Callable[[Path], None] = configuration.write,
        profiles: int = 3,
        control: tuple[int, str] = (CONTROL, PASSWORD),
        machine: Machine | None = None,
    ) -> None:
        self.folder = folder
        self._profiles = profiles
        self._at = control
        write(folder)
        modules = modules_of(prefix)
        places = {"conf": "", "log": "log", "db": "db", "run": "run", "scripts": "scripts", "temp": "temp"}
        seen = Path("/etc/freeswitch") if machine else folder
        options = [word for name, place in places.items() for word in (f"-{name}", str(seen / place))]
        program = prefix / "bin/freeswitch"
        command = machine.inside(*foreign(program)) if machine else [str(program)]
        command += ["-nf", "-nc", "-nonat", "-nonatmap", "-np", "-mod", f"{HOST_ROOT if machine else ''}{modules}"]
        with (folder / "log" / "console.log").open("wb") as console:
            self._process = subprocess.Popen(
                [*command, *options], cwd=folder, stdin=subprocess.DEVNULL, stdout=console, stderr=subprocess.STDOUT
            )
        if not wait_until(self.is_ready, 40) or self._process.poll() is not None:
            self.stop()
            raise RuntimeError(f"FreeSWITCH does not start, see {folder}/log")
        self.version = self.api("version").split("(")[0].removeprefix("FreeSWITCH Version ").strip()

    def is_ready(self) -> bool:
        """Whether all of its SIP profiles run, or it has ended."""
        try:
            profiles = self.api("sofia status")
        except OSError:
            return self._process.poll() is not None
        return profiles.count("RUNNING") == self._profiles

    def stop(self) -> None:
        """End it, by force if it does not end itself."""
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(20)

    def api(self, command: str) -> str:
        """What `fs_cli -x` would print."""
        control = Control(*self._at)
        try:
            return control.command(f"api {command}")
        finally:
            control.close()

    def channels(self) -> int:
        """How many there are."""
        return int(self.api("show channels count").split()[0])

    def log(self) -> str:
        """Its log, at debug level."""
        return (self.folder / "log" / "freeswitch.log").read_text("utf-8", "replace")

    def records(self) -> str:
        """All call detail records."""
        return "".join(file.read_text("utf-8", "replace") for file in (self.folder / "cdr").rglob("*.csv"))

    def dialplan(self, text: str) -> None:
        """Put another text in the place of VIPgate's dialplan, from the next call on."""
        (self.folder / "dialplan" / "vipgate.xml").write_text(text, "utf-8")
        self.api("reloadxml")


class Listener:
    """Shows each event of a switch to somebody, as it came, until `close`."""

    def __init__(self, show: Callable[[str], None]) -> None:
        self._show = show
        self._control = Control()
        self._control.command("event plain ALL")
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        for event in self._control.events():
            self._show(event.decode("utf-8", "replace"))

    def close(self) -> None:
        """Stop listening, after the events that have happened."""
        self._control.interrupt()
        self._thread.join()
        self._control.close()


def modules_of(prefix: Path) -> Path:
    """The folder of its modules."""
    return next(path for path in (prefix / "lib/freeswitch/mod", prefix / "mod") if path.is_dir())


def prefix() -> Path | None:
    """Where a FreeSWITCH is installed: $VIPGATE_FREESWITCH."""
    path = os.environ.get("VIPGATE_FREESWITCH")
    return Path(path) if path else None
