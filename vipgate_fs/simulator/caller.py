"""Who calls, and what they do: plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Keys = Sequence[tuple[float, str]]


@dataclass(frozen=True, slots=True)
class Caller:
    """A simulated caller. What they enter is in no repr.

    Attributes:
        number: their number, the user part of the From header; "" for none, "anonymous" for a withheld one.
        name: their display name; None for none.
        sip_from: the whole From header in place of number and name, as they write it. Surrogate escapes
            (`bytes.decode(errors="surrogateescape")`) stand for bytes that are not UTF-8.
        headers: further SIP headers: P-Asserted-Identity, P-Preferred-Identity, Remote-Party-ID, Privacy, Diversion,
            History-Info, P-…, X-…; and To, which is what they dial otherwise
        dial: what they enter at the first prompt that waits for digits; or one entry for each, "" for nothing.
        dial_after: seconds from a prompt's start to the first key.
        interval: seconds between two keys.
        keys: keys at fixed times besides: (seconds since the call began, digits).
        hang_up_after: seconds since the call began after which they hang up; None: not before the call's end.
        patience: seconds after which they give up in any case.
        sip: whether their channel is a SIP one; on others, such as `loopback/…`, `respond` does nothing.
    """

    number: str = "004917612345678"
    name: str | None = None
    sip_from: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    dial: str | Sequence[str] = field(default=(), repr=False)
    dial_after: float = 1.0
    interval: float = 0.3
    keys: Keys = field(default=(), repr=False)
    hang_up_after: float | None = None
    patience: float = 120.0
    sip: bool = True

    def entry(self, prompt: int) -> str:
        """What they enter at the prompt of that number; 0 is the first."""
        entries = (self.dial,) if isinstance(self.dial, str) else self.dial
        return entries[prompt] if prompt < len(entries) else ""
