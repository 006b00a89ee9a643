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
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, Final, TypeVar

from vipgate_fs.config.essentials import load_essentials
from vipgate_fs.config.store import STATE
from vipgate_fs.document.sources import Reading
from vipgate_fs.sentences import say
from vipgate_fs.sentences.system import system_says
from vipgate_fs.service import plain
from vipgate_fs.service.answers import (
    ADMIN_LINK,
    APPLIED,
    REHEARSE,
    RELOAD,
    STATUS,
    Answer,
    Answers,
    NoService,
    checked,
    other_version,
    send,
)
from vipgate_fs.service.applied import unseal
from vipgate_fs.service.page import Link
from vipgate_fs.service.status import Status

_MOST_DESCRIPTORS: Final = 2
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
T = TypeVar("T")


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
            raise CannotControl(say("a service for {path} is running", path=path))
        base = next((place for place in _places(path, store) if _is_ours(place)), None)
        if base is None:
            places = ", ".join(map(str, dict.fromkeys(_places(path, store))))
            raise CannotControl(
                say(
                    "none of these folders belongs to user {user}: {places}; make one of them",
                    user=os.geteuid(),
                    places=places,
                )
            )
        try:
            for name in _names(path):
                self._open(base / name)
        except BlockingIOError:
            self.close()
            raise CannotControl(say("a service for {path} is running", path=path)) from None
        except OSError as error:
            self.close()
            raise CannotControl(say("{base}: {why}", base=base, why=system_says(error))) from None

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

    def serve(self, sock: Any, answers: Answers) -> None:
        """Serve one connected client; only root and the service's own user are answered.

        Args:
            sock: the socket they connected to.
            answers: to each request that is known.
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
                if _peer(client) in (0, os.geteuid()) and (request := client.recv(_LONGEST_REQUEST)):
                    send(client, answers[request]() if request in answers else None)
        self._clients.discard(client)


def ask_to_reload(path: Path) -> Answer:
    """Let the service that runs for a configuration file take it over as it is now.

    Raises:
        NoService: when there is none, or it ends meanwhile.
    """
    return _ask(path, RELOAD, _RELOAD_TIMEOUT, Answer)[0]


def ask_for_applied(path: Path) -> Reading:
    """What the service has applied that runs for a configuration file, with all that it names as it was then.

    Raises:
        NoService: when there is none, or none that knows it.
    """
    answer, descriptors = _ask(path, APPLIED, _STATUS_TIMEOUT, Answer)
    (applied,) = _unsealed(path, answer, descriptors, 1)
    return applied


def ask_to_rehearse(path: Path) -> tuple[Answer, Reading, Reading | None]:
    """What a reload would answer, what is applied, and what would be, if it would not be refused. Nothing is applied.

    Raises:
        NoService: when there is none, or it ends meanwhile.
    """
    answer, descriptors = _ask(path, REHEARSE, _RELOAD_TIMEOUT, Answer)
    applied, *new = _unsealed(path, answer, descriptors, 1 if answer.why else 2)
    return answer, applied, next(iter(new), None)


def ask_for_status(path: Path) -> Status:
    """How the service is that runs for a configuration file.

    Raises:
        NoService: when there is none, or it does not answer in time, or only in the way of another version.
    """
    return _ask(path, STATUS, _STATUS_TIMEOUT, Status)[0]


def ask_for_link(path: Path) -> Link:
    """A link to the administration page of the service that runs for a configuration file. Raises NoService."""
    return _ask(path, ADMIN_LINK, _STATUS_TIMEOUT, Link)[0]


def _unsealed(path: Path, answer: Answer, descriptors: list[int], count: int) -> list[Reading]:
    try:
        if len(descriptors) != count:
            why = answer.why or say("its log says why")
            raise NoService(
                say("the service for {path} does not hand over what it has applied: {why}", path=path, why=why)
            )
        return [unseal(descriptor) for descriptor in descriptors]
    except ValueError:
        raise other_version(path) from None
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def _ask(path: Path, request: bytes, timeout: float, kind: type[T]) -> tuple[T, list[int]]:
    until = time.monotonic() + timeout
    descriptors: list[int] = []
    with _connect(path, until) as sock:
        try:
            sock.sendall(request)
            answer = _receive(sock, until, descriptors)
        except TimeoutError:
            raise NoService(
                say("the service for {path} does not answer within {time:g} s", path=path, time=timeout)
            ) from None
        except OSError:  # it has closed the connection
            answer = b""
    if not answer:
        why = say("the service for {path} does not listen to this user, is of another version, or has ended", path=path)
        raise NoService(why)
    try:
        return checked(kind, json.loads(answer)), descriptors
    except (ValueError, TypeError, RecursionError):
        raise other_version(path) from None


def _receive(sock: Any, until: float, descriptors: list[int]) -> bytes:
    """All that is said; what is handed over is added to the descriptors."""
    answer = bytearray()
    while len(answer) <= _LONGEST_ANSWER and time.monotonic() < until:
        sock.settimeout(max(until - time.monotonic(), 0.001))
        data, handed, *_ = stdlib_socket.recv_fds(sock, 65536, _MOST_DESCRIPTORS, stdlib_socket.MSG_CMSG_CLOEXEC)
        descriptors += handed
        if not data:
            return bytes(answer)
        answer += data
    raise TimeoutError


def _socket() -> Any:
    return plain.socket(stdlib_socket.AF_UNIX, stdlib_socket.SOCK_STREAM)


def _connect(path: Path, until: float) -> Any:
    """A connection to the service. Raises NoService."""
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
        why = say("no service for {path} listens to this user: only root and the service's own are answered", path=path)
        raise NoService(why)
    raise NoService(say("no service runs for {path}", path=path))


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
