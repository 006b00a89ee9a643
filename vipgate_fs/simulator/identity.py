"""Who an INVITE's headers say is calling."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from vipgate_fs.simulator.address import Address

_PRIVACY: Final = re.compile(r"[;,]?\s*([-.!%*_+`'~0-9A-Za-z]+(?:\s*[;,]\s*[-.!%*_+`'~0-9A-Za-z]+)*)\s*")


@dataclass(frozen=True, slots=True)
class Identity:
    """Who calls, as sofia has it (sofia.c, sofia_handle_sip_i_invite).

    Remote-Party-ID, P-Asserted-Identity and P-Preferred-Identity each take precedence over the one before,
    even the last, which is only what the caller's own telephone asks for.

    Attributes:
        user: the caller's number.
        name: the caller's display name.
        hides_name: whether the name is not to be shown.
        hides_number: whether the number is not to be shown. Of Privacy's values, sofia looks for `id` alone.
        variables: the channel variables that sofia sets first, in its order; empty ones are none.
        privacy: those that it sets later.
    """

    user: str
    name: str
    hides_name: bool
    hides_number: bool
    variables: dict[str, str]
    privacy: dict[str, str]

    @classmethod
    def of(cls, headers: Mapping[str, str], sender: Address) -> Identity:
        """By the headers and the parsed From."""
        headers = {name.lower(): value for name, value in headers.items()}
        remote, asserted, preferred = (
            Address.parse(headers[name]) if headers.get(name) else None
            for name in ("remote-party-id", "p-asserted-identity", "p-preferred-identity")
        )
        given = [address for address in (remote, asserted, preferred) if address]
        number = next((address for address in reversed(given) if address.raw_user), sender)
        display = next((address.display for address in (*reversed(given), sender) if address.display is not None), None)
        # The user of the From is cut at its parameters in place, if it is the caller's number.
        own = sender.user if number is sender else sender.whole_user
        kind = "pid" if asserted or preferred else "rpid" if remote else ""
        hides_name = hides_number = False
        if remote and (wanted := remote.param("privacy")):
            hides_name = wanted.lower() in ("yes", "full", "name")
            hides_number = wanted.lower() in ("yes", "full", "number")
        priv_values = _priv_values(headers.get("privacy", ""))
        if any(value.lower() == "id" for value in priv_values):
            hides_name = hides_number = True
        variables = {
            "sip_P-Asserted-Identity": asserted.raw_user if asserted else "",
            "sip_P-Preferred-Identity": headers["p-preferred-identity"] if preferred and preferred.raw_user else "",
            "sip_Remote-Party-ID": headers["remote-party-id"] if remote and remote.raw_user else "",
            "sip_cid_type": kind,
            "sip_name_params": number.user_params,
        }
        privacy = {"sip_Privacy": ";".join(priv_values)}
        name = unquote(display, errors="surrogateescape") if display is not None else own or "unknown"
        return cls(number.user, name, hides_name, hides_number, variables, privacy)


def _priv_values(header: str) -> list[str]:
    """The list in a Privacy header, also with commas between them; none of one that is no such list."""
    match = _PRIVACY.fullmatch(header)
    return re.split(r"\s*[;,]\s*", match[1]) if match else []
