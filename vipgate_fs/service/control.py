"""How `vipgate reload` and `vipgate status` talk to the service that runs for the same configuration file.

Over a Unix socket in a folder that only the service's user can enter: a name in the abstract namespace could be taken,
and its answers faked, by anybody on the machine. The folder stands where nobody else can put one: in the service's
runtime directory (systemd.exec(5)), else beside the store. Besides, each end asks the kernel who the other one is.

There is one for the file's path as it was given, and one for where its symbolic links led when the service started:
they may lead elsewhere by the time that somebody asks.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import socket as stdlib_socket
import stat
import struct
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final, TypeVar, get_type_hints

from vipgate_fs.config.essentials import load_essentials
from vipgate_fs.config.store import STATE
from vipgate_fs.service import plain
from vipgate_fs.service.status import Status

RELOAD: Final = b"reload\n"
STATUS: Final = b"status\n"
RUNTIME: Final = Path("/run/vipgate")
"""The service's runtime directory where $RUNTIME_DIRECTORY does not say another."""
_LONGEST_REQUEST: Final = 64
_LONGEST_ANSWER: Final = 32 * 1024 * 1024
"""Bytes; MOST_FINDINGS of the longest findings have less."""
_REQUEST_TIMEOUT: Final = 1.0
"""Seconds that the service waits for a request's few bytes, or for an answer to be taken; it does nothing else then."""
_RELOAD_TIMEOUT: Final = 90.0
"""Seconds for a configuration to be read (60) and taken over (10, and 5 for a port to be closed)."""
_STATUS_TIMEOUT: Final = 20.0
"""Seconds; to close a port takes five, and a worker that can't be forked ten."""
_PAUSE: Final = 0.1
"""Seconds before the next try while the system has no file descriptor for a connection."""
_SOCKET: Final = "socket"
_MOST: Final = 1e11
"""What no number in an answer exceeds; as a Unix time it is in the year 5138."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer:
    """The result of a reload.

    Attributes:
        why: it was refused; "" when the new configuration is in force.
        findings: of the new configuration, warnings included.
    """

    why: str = ""
    findings: tuple[str, ...] = ()


class NoService(Exception):
    """No service runs for that configuration file, or none that answers this user. The text says so."""


class CannotControl(Exception):
    """The service's end can't be had: one runs already, or there is no folder for it. The text says which."""


class Control:
    """The service's end.

    Args:
        path: of the configuration file.
        store: the folder of the store.

    Attributes:
        sockets: where clients connect.

    Raises:
        CannotControl: see there.
    """

    def __init__(self, path: Path, store: Path) -> None:
        self.sockets: list[Any] = []
        self._folders: list[tuple[Path, int]] = []
        self._clients: set[Any] = set()
        with suppress(NoService):
            _connect(path, time.monotonic() + _REQUEST_TIMEOUT).close()
            raise CannotControl(f"a service for {path} is running")
        base = next((place for place in _places(path, store) if _is_ours(place)), None)
        if base is None:
            places = ", ".join(map(str, dict.fromkeys(_places(path, store))))
            raise CannotControl(f"none of these folders belongs to user {os.geteuid()}: {places}; make one of them")
        try:
            for name in _names(path):
                self._open(base / name)
        except BlockingIOError:
            self.close()
            raise CannotControl(f"a service for {path} is running") from None
        except OSError as error:
            self.close()
            raise CannotControl(f"{base}: {error.strerror or error}") from None

    def _open(self, folder: Path) -> None:
        with suppress(FileExistsError):
            folder.mkdir(0o700)
        descriptor = _open_folder(folder)
        self._folders.append((folder, descriptor))
        status = os.fstat(descriptor)
        if status.st_uid != os.geteuid() or status.st_mode & 0o077:
            raise PermissionError(1, f"{folder} belongs to somebody else, or others can enter it; remove it")
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with suppress(FileNotFoundError):  # of a service that was killed
            os.unlink(_SOCKET, dir_fd=descriptor)
        self.sockets.append(_socket())
        self.sockets[-1].bind(_within(descriptor))
        self.sockets[-1].listen()

    def leave(self) -> None:
        """Close it, in a process that was forked: the service goes on."""
        for sock in (*self.sockets, *self._clients):
            sock.close()
        for _, descriptor in self._folders:
            os.close(descriptor)
        self.sockets, self._folders = [], []

    def close(self) -> None:
        """Close it and leave nothing behind."""
        for folder, descriptor in self._folders:
            with suppress(OSError):
                os.unlink(_SOCKET, dir_fd=descriptor)
                folder.rmdir()
        self.leave()

    def serve(self, sock: Any, answers: Mapping[bytes, Callable[[], Answer | Status]]) -> None:
        """Serve one connected client; only root and the service's own user are answered.

        Args:
            sock: the socket they connected to.
            answers: what gives the answer to each request. It may serve other clients meanwhile.
        """
        try:
            client = plain.accept(sock)
        except OSError:
            plain.sleep(_PAUSE)
            return
        self._clients.add(client)
        with client:
            client.settimeout(_REQUEST_TIMEOUT)
            with suppress(OSError):
                if _peer(client) in (0, os.geteuid()) and (answer := answers.get(client.recv(_LONGEST_REQUEST))):
                    client.sendall(json.dumps(asdict(answer())).encode())
        self._clients.discard(client)


def ask_to_reload(path: Path) -> Answer:
    """Let the service that runs for a configuration file take it over as it is now.

    Raises:
        NoService: when there is none, or it ends meanwhile.
    """
    return _ask(path, RELOAD, _RELOAD_TIMEOUT, Answer)


def ask_for_status(path: Path) -> Status:
    """How the service is that runs for a configuration file.

    Raises:
        NoService: when there is none, or it does not answer in time, or only in the way of another version.
    """
    return _ask(path, STATUS, _STATUS_TIMEOUT, Status)


def _ask(path: Path, request: bytes, timeout: float, kind: type[T]) -> T:
    until = time.monotonic() + timeout
    with _connect(path, until) as sock:
        try:
            sock.sendall(request)
            answer = _receive(sock, until)
        except TimeoutError:
            raise NoService(f"the service for {path} does not answer within {timeout:g} s") from None
        except OSError:  # it has closed the connection
            answer = b""
    if not answer:
        raise NoService(f"the service for {path} does not listen to this user, is of another version, or has ended")
    try:
        return _checked(kind, json.loads(answer))
    except (ValueError, TypeError, RecursionError):
        raise NoService(f"the service for {path} is of another version than this command; restart it") from None


def _receive(sock: Any, until: float) -> bytes:
    answer = bytearray()
    while len(answer) <= _LONGEST_ANSWER and time.monotonic() < until:
        sock.settimeout(max(until - time.monotonic(), 0.001))
        data = sock.recv(65536)
        if not data:
            return bytes(answer)
        answer += data
    raise TimeoutError


def _checked(kind: type[T], values: Any) -> T:
    """What the values say, every one of the type that it should have, and with nothing that a terminal would obey.

    Raises:
        ValueError, TypeError: they do not.
    """
    hints = get_type_hints(kind)
    if not isinstance(values, dict) or values.keys() != hints.keys():
        raise ValueError
    return kind(**{field.name: _value(values[field.name], hints[field.name]) for field in fields(kind)})  # type: ignore[arg-type]


def _value(value: Any, hint: Any) -> Any:
    if hint == tuple[str, ...]:
        return tuple(_value(item, str) for item in value)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not isinstance(value, hint) and not (number and isinstance(1.0, hint)):
        raise TypeError
    if number and not abs(value) < _MOST:
        raise ValueError
    return _printable(value) if isinstance(value, str) else value


def _printable(text: str) -> str:
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text)


def _socket() -> Any:
    return plain.socket(stdlib_socket.AF_UNIX, stdlib_socket.SOCK_STREAM)


def _connect(path: Path, until: float) -> Any:
    """A connection to the service.

    Raises:
        NoService: see there.
    """
    may_not = False
    for folder in (place / name for place in _places(path) for name in _names(path)):
        try:
            with ExitStack() as stack:
                descriptor = _open_folder(folder)
                stack.callback(os.close, descriptor)
                owner = _owner(folder, descriptor)
                sock = stack.enter_context(_socket())
                sock.settimeout(max(until - time.monotonic(), 0.001))
                sock.connect(_within(descriptor))
                if _peer(sock) in (0, owner):
                    stack.pop_all()
                    os.close(descriptor)
                    return sock
        except PermissionError:
            may_not = True
        except OSError:
            pass
    if may_not:
        raise NoService(f"no service for {path} listens to this user: only root and the service's own are answered")
    raise NoService(f"no service runs for {path}")


def _owner(folder: Path, descriptor: int) -> int:
    """The service's user.

    Raises:
        FileNotFoundError: somebody else has put the folder there, or can put something into it.
    """
    status = os.fstat(descriptor)
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise FileNotFoundError
    if status.st_uid not in (0, os.geteuid(), folder.parent.stat().st_uid):
        raise FileNotFoundError
    return status.st_uid


def _open_folder(folder: Path) -> int:
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)


def _within(descriptor: int) -> str:
    """The socket's path: one that is always short enough (unix(7): 107 bytes), and leads to no other folder."""
    return f"/proc/self/fd/{descriptor}/{_SOCKET}"


def _places(path: Path, store: Path | None = None) -> Iterator[Path]:
    """Where a service's folder may stand; without `store` the file is asked for it, if all else fails."""
    yield Path(os.environ.get("RUNTIME_DIRECTORY", "").partition(":")[0] or RUNTIME)
    yield STATE
    yield path.absolute().parent
    yield Path(os.path.realpath(path)).parent
    if store is None:
        with suppress(OSError):
            essentials, _ = load_essentials(path)
            store = essentials.store.key_file.parent if essentials else None
    if store is not None:
        yield store


def _is_ours(place: Path) -> bool:
    """Whether this user's service may have its folder there: nobody else, but root, could take it away."""
    try:
        return place.stat().st_uid == os.geteuid() and os.access(place, os.W_OK | os.X_OK)
    except OSError:
        return False


def _names(path: Path) -> list[str]:
    """Of the file's path as it was given, and of where it leads to if that is another."""
    paths = dict.fromkeys((os.fspath(path.absolute()), os.path.realpath(path)))
    return [".vipgate-" + hashlib.sha256(os.fsencode(each)).hexdigest()[:32] for each in paths]


def _peer(sock: Any) -> int:
    """The user id of the process at the other end."""
    credentials = sock.getsockopt(stdlib_socket.SOL_SOCKET, stdlib_socket.SO_PEERCRED, struct.calcsize("3i"))
    return int(struct.unpack("3i", credentials)[1])
