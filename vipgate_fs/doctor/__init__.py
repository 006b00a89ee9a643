"""`vipgate doctor`: what is wrong with a site, and what to type.

`machine` and `switch` gather what this machine and the switch say, once; the files in `checks` make findings of these
facts. `way` tells a call's way through the live dialplan.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from vipgate_fs.doctor.checks import (
    clock,
    configuration,
    dialplan,
    directory,
    fusionpbx,
    gate,
    modules,
    peers,
    profiles,
    prompts,
    route,
    service,
)
from vipgate_fs.doctor.facts import Facts
from vipgate_fs.doctor.finding import Finding, Severity

CHECKS: Final = (
    configuration,
    service,
    peers,
    clock,
    modules,
    profiles,
    fusionpbx,
    route,
    gate,
    dialplan,
    prompts,
    directory,
)
"""In the order in which they are run: what others depend on comes first."""


def examine(facts: Facts) -> Iterator[Finding]:
    """Everything that is wrong. A switch without mod_commands answers nothing: nothing else is said of it."""
    is_mute = facts.switch is not None and modules.COMMANDS not in facts.switch.modules
    known = replace(facts, switch=None) if is_mute else facts
    for module in CHECKS:
        check: Callable[[Facts], Iterator[Finding]] = module.check
        yield from dict.fromkeys(check(facts if module is modules else known))


def verdict(findings: list[Finding]) -> Severity:
    """The worst of them."""
    return max((finding.severity for finding in findings), key=lambda severity: severity.rank, default=Severity.OK)
