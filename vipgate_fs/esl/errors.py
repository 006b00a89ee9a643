"""What can go wrong on a call's connection, by what is left to be done about it."""

from __future__ import annotations

from typing import ClassVar

from greenswitch.esl import OutboundSessionHasGoneAway

from vipgate_fs.gate.channel import CallEnded, CallTaken


class SessionGone(OutboundSessionHasGoneAway, CallEnded):  # type: ignore[misc]
    """Nothing more can be done with the call: the caller hung up, or the connection is of no further use."""


class SessionTaken(SessionGone, CallTaken):
    """The call has left the gate's hands: somebody transferred, picked up or parked it. The gate has no say in it."""


class CommandRefused(Exception):
    """FreeSWITCH answered a command with -ERR; the session goes on. Carries FreeSWITCH's words."""


class SwitchUnfit(Exception):
    """The switch does not do what the gate needs. The text says what to do, `what` what it is about."""

    what: ClassVar[str] = "rejected: the call can't be sent on"
