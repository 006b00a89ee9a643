"""The facts of a call as sent to external services, sanitised before they leave."""

from __future__ import annotations

import re
from typing import Final

from vipgate_fs.gate.call import Call
from vipgate_fs.gate.numbers import shown

FACTS: Final = ("caller_number", "called_number", "caller_name", "gate", "call_id")
"""The names of the facts: `###CALLER_NUMBER###` in a URL, `caller_number` in JSON, `:caller_number` in a query."""
LONGEST_FACT: Final = 256
"""Characters; a caller may write a name of any length."""
_NONCHARACTERS: Final = "".join(
    [
        "\ufdd0-\ufdef",
        *(f"{chr(plane << 16 | 0xFFFE)}{chr(plane << 16 | 0xFFFF)}" for plane in range(17)),
    ]
)
_HARMFUL: Final = re.compile(f"[\0-\x1f\x7f-\x9f\u2028\u2029{_NONCHARACTERS}]")
_SURROGATES: Final = re.compile("[\ud800-\udfff]")


def harmless(text: str) -> str:
    """A text that a caller may have written, as every database, web server and firewall takes it.

    Control characters (NUL and line breaks among them), Unicode's line separators and noncharacters become spaces,
    lone surrogates question marks; more than LONGEST_FACT characters are cut off. Else a caller could choose a name
    that makes a question fail, and so decide that `on_failure` counts.
    """
    return _SURROGATES.sub("?", _HARMFUL.sub(" ", text[:LONGEST_FACT]))


def facts(call: Call, gate: str, number_format: str) -> dict[str, str]:
    """What may be said of a call at a gate, by FACTS. A withheld number is empty.

    Args:
        call: the call.
        gate: the gate's name.
        number_format: how an international number begins, "00" or "+".
    """
    numbers = (shown(number, number_format) for number in (call.caller, call.called))
    values = (*numbers, call.caller_name, gate, call.uuid)
    return {name: harmless(value) for name, value in zip(FACTS, values, strict=True)}
