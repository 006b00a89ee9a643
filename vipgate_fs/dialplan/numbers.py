"""The numbers that gates protect, as a condition of the dialplan: whatever a gate might take must fit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from vipgate_fs.config.model import Configuration
from vipgate_fs.gate.call import REQUEST_URI
from vipgate_fs.gate.numbering import COUNTRY_CODE, has_digits_read_into_it
from vipgate_fs.sentences import alternatives, say

_LONGEST: Final = 30_000
"""Characters. PCRE refuses an expression of more than 64 kB compiled, and FreeSWITCH then takes its condition for not
met; no part of ours takes more than twice its length."""
_BETWEEN: Final = r"\D*(?:0\D*)?"
"""What may stand between the digits of a number that a gate still recognises: `+41 (0)44`."""
_BEGINNING: Final = re.compile(r"\+?[0-9]*")
_CERTAIN: Final = re.compile("[0-9?]{0,5}$")
"""What is dialled of a number whose beginning is not: Norfolk Island's have the fewest digits."""


def expression(configuration: Configuration) -> str | None:
    """An expression that fits every dialable number that a gate could take, and some that none takes.

    Gates read a number in many ways: with and without country code, zero and plus, with something around it or between
    its digits. All of them contain the digits behind the country code, in this order. So these may stand anywhere, and
    of very many numbers only the first digits count: a number too many only costs a question to the gate, which lets it
    pass. Gates that are disabled count.

    Returns:
        None when every number might be meant: a pattern such as `+49*`, or more names than fit into a condition.

    Raises:
        ValueError: when no expression can say it, with the reason.
    """
    further = [header for header in configuration.site.called_number if header != REQUEST_URI]
    if further:
        raise ValueError(
            say(
                "the number called may stand in {headers}, which no condition on it covers",
                headers=alternatives(further),
            )
        )
    for gate in configuration.gates:
        if gate.protects.users or gate.protects.groups:
            raise ValueError(
                say("gate {name} protects users or groups, and only the directory knows their numbers", name=gate.name)
            )
    forms = dict.fromkeys(
        form for gate in configuration.gates for pattern, _ in gate.protects.numbers for form in pattern.forms
    )
    if not forms:
        raise ValueError(say("no gate protects any number"))
    for digits in range(max(map(len, forms)), 0, -1):
        written = dict.fromkeys(_anywhere(form, digits) for form in forms)
        condition = f"(?:{'|'.join(written)})"
        if "" in written or len(condition) <= _LONGEST:
            break
    return None if "" in written or len(condition) > _LONGEST else condition


def _anywhere(form: str, digits: int) -> str:
    """What fits a form by so many of its digits, wherever it stands; empty for any number."""
    significant = _significant(form)
    if not any(character.isalnum() for character in significant):
        return ""
    if significant.strip("0123456789?*"):
        return re.escape(significant)  # a name, which is dialled as it is
    return _BETWEEN.join(_pieces(significant[:digits].strip("*")))


def _significant(form: str) -> str:
    """What must be dialled of a form: all but the country code. Empty where a wildcard stands in the code."""
    if not form.startswith(("+", "*")):
        return form
    code = COUNTRY_CODE.match(form)
    beginning = _BEGINNING.match(form)
    assert beginning is not None, "it fits nothing, too"
    if code is None or code.end() > beginning.end():
        return ""
    certain = _CERTAIN.search(form) if has_digits_read_into_it(code[1]) else None
    return certain[0] if certain else form[code.end() :]


def _pieces(significant: str) -> Iterator[str]:
    for character in significant:
        if character == "*":
            yield ".*"
        else:
            yield r"\d" if character == "?" else character
