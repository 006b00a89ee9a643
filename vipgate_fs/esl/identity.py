"""Who calls, and whether they hide it: from the headers of a SIP call, as FreeSWITCH's channel data show them.

FreeSWITCH takes the caller's number from P-Preferred-Identity where there is one, even against P-Asserted-Identity
(sofia.c, sofia_handle_sip_i_invite). But the preferred identity is what the caller's own telephone asks for, and the
asserted one is what the network says (RFC 3325, 6 and 9). So the headers are read here once more.

Variables such as `sip_from_user` are not used: sofia overwrites them with parameters that the caller may have written
behind the address (`From: <sip:1@x>;user=2`). The complete headers distinguish the two.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final
from urllib.parse import unquote

import phonenumbers

from vipgate_fs.gate.numbers import NumberPlan, compact

ASSERTED: Final = "P-Asserted-Identity"
REMOTE: Final = "Remote-Party-ID"
FROM: Final = "From"
PREFERRED: Final = "P-Preferred-Identity"
CHANNEL: Final = "channel"
"""Not a SIP call, or a number that the site's own dialplan has set."""

_IN_BRACKETS: Final = re.compile(
    r'(?:\s*+"(?:[^"\\]|\\.)*+"\s*+|[^"<]*+)<(?:(?P<scheme>sips?|tel):)?(?P<uri>[^>]*+)>(?P<params>(?:[^,"]++|"[^"]*+")*+)',
    re.IGNORECASE | re.DOTALL,
)
"""Without a way back: a header may have 64 kB, and what costs their square would stop all calls of a worker."""
_BARE: Final = re.compile(r"\s*+(?:(?P<scheme>sips?|tel):)?(?P<uri>[^,<>\s]*+)(?P<params>)", re.IGNORECASE)
_VARIABLES: Final = {
    ASSERTED: "sip_P-Asserted-Identity",
    REMOTE: "sip_Remote-Party-ID",
    FROM: "sip_full_from",
    PREFERRED: "sip_P-Preferred-Identity",
}
"""Where the headers are. They are there only if they name somebody, and From always is when the call came by SIP."""
_PUBLIC: Final = frozenset({"none", "history"})
"""What does not hide the caller among the values of Privacy (RFC 3323, 4.2; RFC 3325, 9.3; RFC 7044, 10.1)."""
_SHOWN: Final = frozenset({"off", "no", "none", "false", "name"})
"""What does not hide the number among those of Remote-Party-ID's privacy (draft-ietf-sip-privacy-04, 5.1)."""
_ANONYMOUS_HOST: Final = "anonymous.invalid"
"""RFC 3323, 4.1.1.3."""
_COUNTRY_CODE: Final = re.compile(rf"\+({'|'.join(map(str, phonenumbers.COUNTRY_CODE_TO_REGION_CODE))})")


@dataclass(frozen=True, slots=True)
class Address:
    """What counts in the first address of a SIP header, which anybody may have written.

    Attributes:
        user: of a sip: URI or the number of a tel: URI, without parameters; "" when there is none.
        host: "" for a tel: URI, and where only the user is known.
        params: behind user and URI, and behind the address; names in lower case.
    """

    user: str
    host: str
    params: dict[str, str]

    @classmethod
    def of(cls, text: str) -> Address:
        """Read a header, or what FreeSWITCH has left of it: `+49…`, `+49…@host`. Raises nothing."""
        match = _IN_BRACKETS.match(text) or _BARE.match(text)
        assert match is not None, "_BARE fits every text"
        scheme, uri, outside = match.group("scheme", "uri", "params")
        user, at, rest = uri.partition("@")
        if not at and (scheme or "").lower().startswith("sip"):
            user, rest = "", uri
        user, *inside = unquote(user).split(";")
        host, *further = rest.split(";")
        pairs = (pair.partition("=") for pair in (*inside, *further, *outside.split(";")) if pair.strip())
        params: dict[str, str] = {}
        for name, _, value in pairs:
            params.setdefault(name.strip().lower(), value.strip().strip('"'))
        return cls(user.partition(":")[0], host, params)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who calls.

    Attributes:
        number: as it is written; "" for none.
        source: the header that was believed.
        hides: whether the caller asked not to be shown.
    """

    number: str
    source: str
    hides: bool


def identity(channel: Mapping[str, str], plan: NumberPlan) -> Identity:
    """Who calls, by the network's word before the caller's.

    P-Asserted-Identity counts before Remote-Party-ID, and that before From; P-Preferred-Identity never does. A number
    that the site's dialplan has set before the gate counts as it is.

    Args:
        channel: the headers of the connect reply.
        plan: how the site reads numbers.
    """
    shown = channel.get("Caller-Caller-ID-Number", "")
    headers = {name: value for name, variable in _VARIABLES.items() if (value := channel.get(f"variable_{variable}"))}
    addresses = {name: Address.of(value) for name, value in headers.items()}
    if REMOTE in addresses and addresses[REMOTE].params.get("party", "calling").lower() != "calling":
        del addresses[REMOTE]
    hides = channel.get("Caller-Privacy-Hide-Number") == "true" or _wishes_to_hide(channel, addresses, plan)
    if FROM not in headers:
        return Identity(shown, CHANNEL, hides)
    taken = next(name for name in (PREFERRED, ASSERTED, REMOTE, FROM) if name in headers)
    if taken != PREFERRED and shown != channel.get("Caller-Orig-Caller-ID-Number", shown):
        return Identity(shown, CHANNEL, hides)
    source = next(name for name in _VARIABLES if name in addresses)
    number, params = addresses[source].user, addresses[source].params
    if source == taken:  # then sofia has cut the user's parameters off, into a variable of their own
        number = shown
        if further := channel.get("variable_sip_name_params"):
            params = params | Address.of(f";{further}").params
    return Identity(_in_context(number, params.get("phone-context", ""), plan), source, hides)


def _wishes_to_hide(channel: Mapping[str, str], addresses: Mapping[str, Address], plan: NumberPlan) -> bool:
    """Whether anything in the call asks for the caller not to be shown, also what FreeSWITCH does not look at."""
    values = filter(None, re.split(r"[;,\s]+", channel.get("variable_sip_Privacy", "").lower()))
    if not _PUBLIC.issuperset(values):
        return True
    if FROM in addresses:
        sender = addresses[FROM]
        if plan.is_withheld(sender.user) or sender.host.lower().rstrip(".").endswith(_ANONYMOUS_HOST):
            return True
    privacy = addresses[REMOTE].params.get("privacy") if REMOTE in addresses else None
    if privacy is None:
        return False
    wishes = (wish.strip().partition("-")[0] for wish in privacy.lower().split(","))
    return not _SHOWN.issuperset(wishes)


_plan_of: Final = cache(NumberPlan)


def _in_context(number: str, context: str, plan: NumberPlan) -> str:
    """A local number, as its `phone-context` makes it a whole one (RFC 3966, 5.1.5).

    One that belongs to another country, and is no number there, keeps its context: it is none of our extensions. A
    context that is a domain says nothing about digits.
    """
    digits, prefix = compact(number), compact(context)
    code = _COUNTRY_CODE.match(prefix)
    if code is None or digits.startswith("+"):
        return number
    region = phonenumbers.region_code_for_country_code(int(code[1]))
    national = _plan_of(region).canonical(digits) if region != "001" else digits  # which is no country: +800
    if national.startswith("+"):
        return national
    if plan.is_complete(f"{prefix}{digits}"):
        return f"{prefix}{digits}"
    return number if code[1] == plan.code else f"{number};phone-context={context}"
