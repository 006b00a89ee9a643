"""The rules by which patterns of numbers are read, word for word and as slow as that is."""

from __future__ import annotations

import re


def fits(pattern, number):
    """The rule, word for word."""
    forms = (form.replace("+", r"\+").replace("?", "[0-9]") for form in pattern.forms)
    expressions = ((r"\+?" if form.startswith("*") else "") + form.replace("*", "[0-9]*") for form in forms)
    return any(re.fullmatch(expression, number) for expression in expressions)


def specificity(pattern):
    """Higher for the more specific."""
    return pattern.only is not None, pattern.digits, "*" not in pattern.forms[0]
