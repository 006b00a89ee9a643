"""How `vipgate reload` and `vipgate status` speak with the service that runs for the same configuration file.

Over Unix sockets in Linux's abstract namespace (unix(7)), named after the file: they need no folder, leave nothing
behind, and each end asks the kernel who the other one is. There is one for the file's path as it was given, and one for
where its symbolic links led when the service started: they may lead elsewhere by the time that somebody asks.
"""

from __future__ import annotations

import hashlib
import json
import os
import socket as stdlib_socket
import struct
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from vipgate_fs.service import plain
from vipgate_fs.service.status import Status

RELOAD: Final = b"reload\n"
STATUS: Final = b"status\n"
_LONGEST_REQUEST: Final = 64
_REQUEST_TIMEOUT: Final = 1.0
"""Seconds that the service waits for a request's few bytes; it does nothing else meanwhile."""
_RELOAD_TIMEOUT: Final = 60.0
"""Seconds for a configuration to be read and taken over."""
_STATUS_TIMEOUT: Final = 20.0
"""Seconds; a reload whose workers do not start takes ten, and closing a port five."""
_PAUSE: Final = 0.1
"""Seconds before the next try while the system has no file descriptor for a connection."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a reload.

    Attributes:
        why: it was refused; "" when the new configuration is in force.
        findings: of the new configuration, warnings included.
    """

    why: str = ""
    findings: tuple[str, ...] = ()


class NoService(Exception):
    """No service runs for that configuration file. The text says so."""


class Control:
    """The service's end.

    Attributes:
        sockets: where clients connect.

    Raises:
        OSError: when a service for this file runs already.
    """

    def __init__(self, path: Path) -> None:
        self.sockets: list[Any] = []
        self._client: Any = None
        try:
            for address in _addresses(path):
                self.sockets.append(_socket())
                self.sockets[-1].bind(address)
                self.sockets[-1].listen()
        except OSError:
            self.close()
            raise

    def close(self) -> None:
        """Leave it to other processes that have it, too: a forked worker has no use for it."""
        for sock in self.sockets:
            sock.close()
        if self._client is not None:
            self._client.close()

    def serve(self, sock: Any, answers: Mapping[bytes, Callable[[], Answer | Status]]) -> None:
        """Serve one client, who has connected; only root and the service's own user are heard.

        Args:
            sock: the one that he has connected to.
            answers: what gives the answer to each request.
        """
        try:
            self._client = plain.accept(sock)
        except OSError:
            plain.sleep(_PAUSE)
            return
        with self._client as client:
            client.settimeout(_REQUEST_TIMEOUT)
            try:
                if _peer(client) in (0, os.geteuid()) and (answer := answers.get(client.recv(_LONGEST_REQUEST))):
                    client.sendall(json.dumps(asdict(answer())).encode())
            except OSError:
                return


def ask_to_reload(path: Path) -> Answer:
    """Let the service that runs for a configuration file take it over as it is now.

    Raises:
        NoService: when there is none, or it ends meanwhile.
    """
    values = _ask(path, RELOAD, _RELOAD_TIMEOUT)
    return Answer(values["why"], tuple(values["findings"]))


def ask_for_status(path: Path) -> Status:
    """How the service is that runs for a configuration file.

    Raises:
        NoService: when there is none, or it does not answer in time, or only in the way of another version.
    """
    values = _ask(path, STATUS, _STATUS_TIMEOUT)
    try:
        return Status(**values)
    except TypeError:
        raise NoService(f"the service for {path} is of another version than this command; restart it") from None


def _ask(path: Path, request: bytes, timeout: float) -> dict[str, Any]:
    with _socket() as sock:
        sock.settimeout(timeout)
        try:
            _connect(sock, path)
            if _peer(sock) not in (0, os.geteuid()) and os.geteuid() != 0:
                raise NoService(f"the service for {path} runs as another user")
            sock.sendall(request)
            answer = b"".join(iter(lambda: sock.recv(65536), b""))
        except TimeoutError:
            raise NoService(f"the service for {path} does not answer within {timeout:g} s") from None
        except (ConnectionResetError, BrokenPipeError):  # it has closed the connection of another user
            answer = b""
        except OSError as error:
            raise NoService(f"no service runs for {path}: {error.strerror or error}") from None
    if not answer:
        raise NoService(f"the service for {path} does not listen to this user, is of another version, or has ended")
    values: dict[str, Any] = json.loads(answer)
    return values


def _socket() -> Any:
    return plain.socket(stdlib_socket.AF_UNIX, stdlib_socket.SOCK_STREAM)


def _connect(sock: Any, path: Path) -> None:
    *others, last = _addresses(path)
    for address in others:
        with suppress(ConnectionRefusedError):
            sock.connect(address)
            return
    sock.connect(last)


def _addresses(path: Path) -> list[str]:
    """Of the file's path as it was given, and of where it leads to if that is another."""
    paths = dict.fromkeys((os.fspath(path.absolute()), os.path.realpath(path)))
    return ["\0vipgate-" + hashlib.sha256(os.fsencode(each)).hexdigest()[:32] for each in paths]


def _peer(sock: Any) -> int:
    """The user id of the process at the other end."""
    credentials = sock.getsockopt(stdlib_socket.SOL_SOCKET, stdlib_socket.SO_PEERCRED, struct.calcsize("3i"))
    return int(struct.unpack("3i", credentials)[1])
