"""What goes to FreeSWITCH: commands as text, checked before they leave."""

from __future__ import annotations

from collections.abc import Iterable


def sendmsg(application: str, argument: str = "", event_uuid: str = "") -> str:
    """The command that executes a dialplan application on the session's channel.

    `event-lock` makes applications run one after the other instead of one inside the other; `event_uuid` comes back as
    the Application-UUID of its events (facts: "Event order, nesting").

    Raises:
        ValueError: for control characters, with which an argument would become a second command.
    """
    lines = ["sendmsg", "call-command: execute", f"execute-app-name: {application}", "event-lock: true"]
    if argument:
        lines.append(f"execute-app-arg: {argument}")
    if event_uuid:
        lines.append(f"Event-UUID: {event_uuid}")
    if any(not line.isprintable() for line in lines):
        raise ValueError(f"a control character in the argument of {application}")
    return "\n".join(lines)


def encode(commands: Iterable[str]) -> bytes:
    """Commands as they go over the wire.

    Raises:
        ValueError: for a command with an empty line in it, which would be two.
    """
    commands = tuple(commands)
    if any("\n\n" in command or "\r" in command for command in commands):
        raise ValueError("an empty line inside of a command")
    return "".join(command + "\n\n" for command in commands).encode()
