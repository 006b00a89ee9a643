"""The numbers that gates protect, as a condition of the dialplan: whatever a gate might take must fit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from vipgate_fs.config.model import Configuration
from vipgate_fs.gate.call import REQUEST_URI
from vipgate_fs.gate.numbering import COUNTRY_CODE
from vipgate_fs.sentences import alternatives, say

_MOST_FORMS: Final = 1000
_BETWEEN: Final = "[^0-9]*"
"""What may stand between the digits of a number that a gate still recognises."""
_BEGINNING: Final = re.compile(r"\+?[0-9]*")


def expression(configuration: Configuration) -> str | None:
    """An expression that fits every dialable number that a gate could take, and some that none takes.

    Gates read a number in many ways: with and without country code, zero and plus, with something around it or between
    its digits. All of them contain the digits behind the country code, in this order. So these may stand anywhere:
    a number too many only costs a question to the gate, which lets it pass. Gates that are disabled count.

    Returns:
        None when every number might be meant: a pattern such as `+49*`.

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
    if len(forms) > _MOST_FORMS:
        raise ValueError(say("{count} numbers and patterns are too many for one condition", count=len(forms)))
    if not forms:
        raise ValueError(say("no gate protects any number"))
    written = dict.fromkeys(map(_anywhere, forms))
    return None if "" in written else f"(?:{'|'.join(written)})"


def _anywhere(form: str) -> str:
    """What fits a form wherever it stands; empty for any number."""
    significant = _significant(form)
    if not any(character.isalnum() for character in significant):
        return ""
    if significant.strip("0123456789?*"):
        return re.escape(significant)  # a name, which is dialled as it is
    return _BETWEEN.join(_pieces(significant.strip("*")))


def _significant(form: str) -> str:
    """The form without the country code. Empty where a wildcard stands in the code."""
    if not form.startswith("+"):
        return form
    code = COUNTRY_CODE.match(form)
    beginning = _BEGINNING.match(form)
    assert beginning is not None, "it fits nothing, too"
    return form[code.end() :] if code and code.end() <= beginning.end() else ""


def _pieces(significant: str) -> Iterator[str]:
    for character in significant:
        if character == "*":
            yield ".*"
        else:
            yield "[0-9]" if character == "?" else character
