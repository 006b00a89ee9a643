"""What goes to FreeSWITCH: commands as text, checked before they leave."""

from __future__ import annotations

from collections.abc import Sequence


def sendmsg(application: str, argument: str = "", event_uuid: str = "") -> str:
    """The command that executes a dialplan application on the session's channel.

    `event-lock` makes applications run one after the other instead of one inside the other; `event_uuid` comes back as
    the Application-UUID of its events (facts: "Event order, nesting").

    Raises:
        ValueError: for control characters, with which an argument would become a second command.
    """
    if not f"{application}{argument}{event_uuid}".isprintable():
        raise ValueError(f"a control character in the argument of {application}")
    lines = ["sendmsg", "call-command: execute", f"execute-app-name: {application}", "event-lock: true"]
    if argument:
        lines.append(f"execute-app-arg: {argument}")
    if event_uuid:
        lines.append(f"Event-UUID: {event_uuid}")
    return "\n".join(lines)


def encode(commands: Sequence[str]) -> bytes:
    """Commands as they go over the wire.

    Raises:
        ValueError: for a command with an empty line in it, which would be two.
    """
    text = "".join([f"{command}\n\n" for command in commands])
    if text.count("\n\n") != len(commands) or "\r" in text:
        raise ValueError("an empty line inside of a command")
    return text.encode()
