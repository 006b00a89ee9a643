"""Who is called: the headers of a SIP call in which the number can stand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from vipgate_fs.esl.identity import Address
from vipgate_fs.esl.variables import variables
from vipgate_fs.gate.call import REQUEST_URI, storable
from vipgate_fs.gate.numbers import NumberPlan

_VARIABLES: Final = {
    "To": "sip_full_to",
    "P-Called-Party-ID": "sip_h_P-Called-Party-ID",
    "Diversion": "sip_h_Diversion",
}
"""Whole headers: sofia overwrites `sip_to_user` with what the caller writes behind the address (`;user=…`)."""


def destination(channel: Mapping[str, str]) -> str:
    """Where FreeSWITCH leads the call, without the parameters of a telephone number (RFC 3261, 19.1.6)."""
    return channel.get("Caller-Destination-Number", "").partition(";")[0]


def called_in(channel: Mapping[str, str], plan: NumberPlan) -> dict[str, str]:
    """The number that each header says was called, in canonical form; headers that say none are left out.

    Args:
        channel: the headers of the connect reply.
        plan: how the site reads numbers.
    """
    found = variables(channel, _VARIABLES.values())
    addresses = {header: found[variable] for header, variable in _VARIABLES.items() if variable in found}
    written = {REQUEST_URI: destination(channel)} | {header: Address.of(addresses[header]).user for header in addresses}
    canonical = {number: storable(plan.canonical(number)) for number in {*written.values()}}  # most often one number
    return {header: canonical[number] for header, number in written.items() if number}
