"""From the channel data of a connect reply to the facts of a call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from vipgate_fs.esl.called import called_in, destination
from vipgate_fs.esl.identity import identity
from vipgate_fs.esl.variables import variables as found_variables
from vipgate_fs.gate.call import REQUEST_URI, WITHHELD, Call, storable
from vipgate_fs.gate.numbers import NumberPlan


def call_facts(channel: Mapping[str, str], plan: NumberPlan, variables: Iterable[str] = ()) -> Call:
    """The Call that FreeSWITCH's channel data describe (facts: "Connect", "Caller ID").

    Args:
        channel: the headers of the connect reply.
        plan: how the site reads numbers.
        variables: names of the channel variables that a step asked for.
    """
    numbers = called_in(channel, plan)
    who = identity(channel, plan)
    caller = storable(plan.caller(who.number))
    return Call(
        uuid=channel["Unique-ID"],
        caller=caller,
        called=numbers.get(REQUEST_URI, ""),
        called_in=numbers,
        dialled=destination(channel),
        caller_name=channel.get("Caller-Caller-ID-Name", ""),
        caller_source=who.source,
        context=channel.get("Caller-Context", ""),
        restricted=who.hides and caller != WITHHELD,
        variables=found_variables(channel, variables),
    )
