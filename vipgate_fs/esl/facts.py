"""From the channel data of a connect reply to the facts of a call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from vipgate_fs.gate.call import Call, storable
from vipgate_fs.gate.numbers import NumberPlan


def call_facts(channel: Mapping[str, str], plan: NumberPlan, variables: Iterable[str] = ()) -> Call:
    """The Call that FreeSWITCH's channel data describe (FINDINGS: "Connect", "Caller ID").

    Args:
        channel: the headers of the connect reply.
        plan: how the site reads numbers.
        variables: names of the channel variables that a step asked for.
    """
    called = channel.get("Caller-Destination-Number", "")
    return Call(
        uuid=channel["Unique-ID"],
        caller=storable(plan.caller(channel.get("Caller-Caller-ID-Number", ""))),
        called=storable(plan.canonical(called)),
        dialled=called,
        caller_name=channel.get("Caller-Caller-ID-Name", ""),
        context=channel.get("Caller-Context", ""),
        privacy=channel.get("Caller-Privacy-Hide-Number") == "true",
        variables={name: value for name in variables if (value := channel.get(f"variable_{name}")) is not None},
    )
