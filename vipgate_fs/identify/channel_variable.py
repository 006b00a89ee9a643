"""`channel_variable`: another module of FreeSWITCH, or the dialplan, has already decided."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from vipgate_fs.document.section import Section
from vipgate_fs.gate.call import Call
from vipgate_fs.gate.step import Step, StepFailed
from vipgate_fs.gate.verdict import Verdict
from vipgate_fs.identify import Surroundings
from vipgate_fs.identify.verdicts import in_short
from vipgate_fs.sentences import say

_FILLED: Final = re.compile(
    r"""
    ( sip | sofia | rtp | srtp | rtcp | sdp | t38 | media | remote | local | advertised | switch | presence | requested
    | origination | transfer | playback | read | write | original | current | last | hangup | bridge | signal | socket
    | session | verto | vipgate_digits ) (_ \w*)?
    | acl_token | alert_info | ani | call_clientcode | call_uuid | channel_name | context | destination_number
    | dialplan | digits_dialed | direction | dp_match | dtmf_type | endpoint_disposition | max_forwards | network_addr
    | park_timeout | proto_specific_hangup_cause | push_channel_name | rdnis | recovery_profile_name | total_loops
    | username | uuid | vipgate_passed
    | \w* ( call(er|ee)_id | codec | media_flow ) \w*
    """,
    re.ASCII | re.IGNORECASE | re.VERBOSE,
)
"""What a SIP message, a verto client, the caller's keys, or the switch itself put into variables (FreeSWITCH 1.11:
sofia.c, mod_verto.c, switch_core_media.c, switch_channel.c). To FreeSWITCH, case makes no difference in their names."""


@dataclass(frozen=True, slots=True)
class ChannelVariable(Step):
    """Reads a verdict from a channel variable. See `vipgate_fs.gate.step.Step` for the other attributes.

    Attributes:
        name: of the variable. It holds what `vipgate_fs.identify.verdicts.in_short` reads; unset or empty: don't know.
    """

    name: str

    def identify(self, call: Call) -> Verdict | None:
        """What the variable says. Raises StepFailed when that is no verdict."""
        value = call.variable(self.name)
        try:
            return in_short(value) if value else None
        except ValueError as error:
            raise StepFailed(say("{name}: {error}", name=self.name, error=error)) from None


def is_filled(name: str) -> bool:
    """Whether a SIP message, the caller's keys or the switch itself may have put something into a variable."""
    return _FILLED.fullmatch(name) is not None


def build(section: Section, _around: Surroundings) -> ChannelVariable:
    """The step as it is configured."""
    name = section.text("name")
    if is_filled(name):
        section.error(
            say(
                "a SIP message or the switch itself fills this variable, so the caller could choose the "
                "verdict; allowed: one that only your dialplan sets, such as vipgate_verdict"
            ),
            "name",
        )
    return ChannelVariable(name, variables=frozenset({name}))
