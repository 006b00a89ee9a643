"""The commands that come over an event socket: bytes in, commands out (mod_event_socket.c, read_packet)."""

from __future__ import annotations

from vipgate_fs.simulator.arguments import number
from vipgate_fs.simulator.session import Command


class CommandReader:
    """Cuts a stream into commands. CRLF line ends are as good as LF ones; empty lines before a command don't count."""

    def __init__(self) -> None:
        self._rest = b""
        self._open: tuple[str, Command, int] | None = None

    def feed(self, data: bytes) -> list[tuple[str, Command]]:
        """The commands that the bytes complete: each one's first line, and its headers and body."""
        self._rest += data
        found = []
        while (command := self._next()) is not None:
            found.append(command)
        return found

    def _next(self) -> tuple[str, Command] | None:
        if self._open is None:
            self._rest = self._rest.lstrip(b"\r\n")
            end = _end_of_block(self._rest)
            if end is None:
                return None
            block, self._rest = self._rest[: end[0]], self._rest[end[1] :]
            line, headers = _parse(block.decode("utf-8", "surrogateescape"))
            self._open = line, Command(headers), max(number(headers.get("content-length", "")), 0)
        line, command, length = self._open
        if len(self._rest) < length:
            return None
        body, self._rest = self._rest[:length], self._rest[length:]
        self._open = None
        return line, Command(command.headers, body.decode("utf-8", "surrogateescape"))


def _end_of_block(data: bytes) -> tuple[int, int] | None:
    """Where a block's lines end and where what follows begins: two LF with nothing but CR between them."""
    position = data.find(b"\n")
    while position >= 0:
        after = position + 1
        while data[after : after + 1] == b"\r":
            after += 1
        if data[after : after + 1] == b"\n":
            return position, after + 1
        position = data.find(b"\n", position + 1)
    return None


def _parse(block: str) -> tuple[str, dict[str, str]]:
    first, *rest = [line for line in block.replace("\r", "\n").split("\n") if line]
    headers: dict[str, str] = {}
    for line in rest:
        name, colon, value = line.partition(":")
        if colon:
            headers[name.lower()] = value.lstrip(" ")
    return first, headers
