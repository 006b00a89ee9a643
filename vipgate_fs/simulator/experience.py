"""What a caller experienced: plain data, without what they entered."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class What(StrEnum):
    """Kinds of things that callers notice, or that happen to their calls."""

    RINGING = "ringing"
    EARLY_MEDIA = "early media"
    ANSWERED = "answered"
    HEARD = "heard"
    HEARD_PART = "heard part of"
    SILENCE = "silence"
    TRANSFERRED = "transferred"
    REJECTED = "rejected"
    HUNG_UP = "hung up"
    GAVE_UP = "gave up"


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened.

    Attributes:
        at: seconds since the call began.
        what: its kind.
        detail: the sound, the target, the SIP status with its phrase, or the cause and who hung up.
    """

    at: float
    what: What
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Transfer:
    """Where a call was sent on to.

    Attributes:
        exists: whether there is such an extension; a call to one that isn't ends with 404.
        answered: whether the call had been answered by then.
    """

    extension: str
    dialplan: str
    context: str
    exists: bool
    answered: bool


@dataclass(slots=True)
class Experience:
    """One call, as its caller saw it.

    Attributes:
        uuid: the channel's Unique-ID.
        moments: what happened, in order.
        status: the final SIP status of the INVITE: 200, 486, 603, …; None while there is none.
        phrase: its reason phrase.
        provisional: SIP statuses before the final one.
        hung_up_by: "caller" or "switch"; "" while the call is up.
        cause: the hang-up cause, as in Q.850's names.
        transfers: where the call was sent on to, in order.
        parked_for_ever: nobody controlled the call any more and it would have stayed so (facts: "App closes").
    """

    uuid: str
    moments: list[Moment] = field(default_factory=list)
    status: int | None = None
    phrase: str = ""
    provisional: list[int] = field(default_factory=lambda: [100])
    hung_up_by: str = ""
    cause: str = ""
    transfers: list[Transfer] = field(default_factory=list)
    parked_for_ever: bool = False

    @property
    def answered(self) -> bool:
        """Whether the caller was answered, and so pays."""
        return self.status == 200  # noqa: PLR2004 - SIP's own number

    @property
    def transferred_to(self) -> Transfer | None:
        """The last transfer; None without one."""
        return self.transfers[-1] if self.transfers else None

    @property
    def heard(self) -> list[str]:
        """The sounds that were played to the caller, whole or in part."""
        return [moment.detail for moment in self.moments if moment.what in (What.HEARD, What.HEARD_PART)]

    def __str__(self) -> str:
        return "\n".join(f"{moment.at:7.2f}  {moment.what} {moment.detail}".rstrip() for moment in self.moments)
