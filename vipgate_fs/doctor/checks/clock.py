"""Clocks and time zone data, by which schedules, lockouts and one-time PINs go."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Final

from vipgate_fs.doctor.facts import Facts
from vipgate_fs.doctor.finding import Finding, Mistake, Severity
from vipgate_fs.sentences import say

MOST_AHEAD: Final = 5.0
"""Seconds. Two clocks that are kept by NTP differ by milliseconds."""
OLDEST_RULES: Final = 2
"""Years. Every year some governments change a time zone's rules."""

APART = Mistake(
    "clocks-apart",
    Severity.WARNING,
    "the switch's clock is {seconds:.0f} s {direction} ours",
    "One of them is wrong: schedules, lockouts and one-time PINs go by ours, the switch's records by its own.",
    "timedatectl set-ntp true, on both machines",
)
OLD_RULES = Mistake(
    "time-zones-old",
    Severity.WARNING,
    "the time zone data are of {version}",
    "Where rules have changed since then, schedules are an hour off.",
    "apt-get install --only-upgrade tzdata; or pip install --upgrade tzdata, where VIPgate is installed by pip",
)


def check(facts: Facts) -> Iterator[Finding]:
    """The switch's clock is as ours, and the time zone data are of these years."""
    if facts.switch and facts.switch.ahead is not None and abs(facts.switch.ahead) > MOST_AHEAD:
        direction = say("ahead of") if facts.switch.ahead > 0 else say("behind")
        yield APART(seconds=abs(facts.switch.ahead), direction=direction)
    year = facts.machine.rules[:4]
    if year.isdigit() and int(year) <= dt.datetime.fromtimestamp(facts.now, dt.UTC).year - OLDEST_RULES:
        yield OLD_RULES(version=facts.machine.rules)
