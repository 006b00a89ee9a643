from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from vipgate_fs.gate.override import Override
from vipgate_fs.gate.schedules import Calendar

CALENDAR = Calendar(ZoneInfo("Europe/Berlin"))
SINCE, UNTIL = 1_795_802_400.0, 1_795_806_000.0
"""Friday 2026-11-27, 19:00 and 20:00 in Berlin."""


@pytest.mark.parametrize(
    ("at", "holds", "is_over"),
    [
        (SINCE - 1, False, False),
        (SINCE, True, False),
        (UNTIL - 1, True, False),
        (UNTIL, False, True),
    ],
)
def test_it_holds_from_its_first_instant_to_its_end(at, holds, is_over):
    override = Override(True, UNTIL, SINCE)
    assert (override.holds(CALENDAR.at(at)), override.is_over(CALENDAR.at(at))) == (holds, is_over)
    assert Override(True).holds(CALENDAR.at(at))


@pytest.mark.parametrize(
    ("since", "until", "text"),
    [
        (None, None, "override until further notice"),
        (SINCE, None, "override from Fri 2026-11-27 19:00 until further notice"),
        (None, UNTIL, "override until Fri 2026-11-27 20:00"),
        (SINCE, UNTIL, "override from Fri 2026-11-27 19:00 until Fri 2026-11-27 20:00"),
    ],
)
def test_it_says_when_it_holds_and_why(since, until, text):
    assert Override(True, until, since).describe(CALENDAR) == text
    assert Override(True, until, since, "holiday").describe(CALENDAR) == f"{text} (holiday)"


def test_any_time_is_an_instant():
    assert CALENDAR.at(-1.0) == dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    assert CALENDAR.at(1e300) == dt.datetime(9998, 12, 31, tzinfo=dt.UTC)
