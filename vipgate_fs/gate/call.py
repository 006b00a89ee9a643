"""The facts of a call, normalised whatever their source."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

REQUEST_URI: Final = "Request-URI"
"""Where FreeSWITCH takes its destination number from: what that number is called among the headers."""
WITHHELD = ""
"""The caller number of a caller who withholds it."""


def storable(text: str, longest: int = 64) -> str:
    """Text that a caller may have written, made safe for any database and terminal: printable, and not long."""
    return (text if text.isprintable() else text.encode("unicode_escape").decode("ascii"))[:longest]


@dataclass(frozen=True, slots=True)
class Call:
    """The facts of one call.

    Attributes:
        uuid: the channel's Unique-ID.
        caller: the caller's number in canonical form (`NumberPlan.canonical`) and `storable`, or `WITHHELD`.
        called: the called number, in canonical form and `storable`.
        called_in: the called numbers by the header that carried them: canonical and `storable`.
        dialled: the destination number as FreeSWITCH had it, without parameters: where Pass leads.
        caller_name: the display name. The caller chooses it: never trust it.
        context: the dialplan context that the call came through.
        caller_source: the header that the caller's number was taken from, such as P-Asserted-Identity.
        restricted: the network knows the number, and the caller hides it.
        called_users: the id of the directory's user behind the called number, and the names that gates use for them.
        called_groups: the directory's groups of this user.
        variables: channel variables that a step reads.
        traceparent: for whoever a step asks (W3C Trace Context); "" where the call has no trace.
        at: the time to decide for, with a time zone; `decide` converts it to the site's.
    """

    uuid: str
    caller: str
    called: str
    dialled: str
    caller_name: str = ""
    caller_source: str = ""
    context: str = ""
    restricted: bool = False
    called_users: frozenset[str] = frozenset()
    called_groups: frozenset[str] = frozenset()
    called_in: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    traceparent: str = field(default="", compare=False)
    at: dt.datetime = field(default_factory=lambda: dt.datetime.now(dt.UTC), compare=False)

    def variable(self, name: str) -> str:
        """A channel variable, "" for none. Case makes no difference in its name, as to FreeSWITCH."""
        spelled = (value for each, value in self.variables.items() if each.lower() == name.lower())
        return self.variables.get(name) or next(spelled, "")

    def withheld(self) -> Call:
        """The same call without anything that identifies the caller."""
        return replace(self, caller=WITHHELD, caller_name="")
