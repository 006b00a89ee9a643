from __future__ import annotations

import datetime as dt
import subprocess
import sys
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vipgate_fs.gate import schedules
from vipgate_fs.gate.dates import Dates
from vipgate_fs.gate.holidays import Holidays
from vipgate_fs.gate.schedules import EVERY_DAY, Calendar, Days, Schedule, Span, Times
from vipgate_fs.sentences.catalogue import in_language

BERLIN = ZoneInfo("Europe/Berlin")
CALENDAR = Calendar(BERLIN, Holidays("DE-BW"))
MINUTE = dt.timedelta(minutes=1)
SPRING, AUTUMN = dt.date(2026, 3, 29), dt.date(2026, 10, 25)
WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def span(days=None, start=None, end=None, dates=None, **more):
    on_days = Days.parse(days) if days else EVERY_DAY
    on_dates = Dates.parse(dates) if dates else None
    return Span(**{"line": 1, "days": on_days, "times": Times.parse(start, end), "dates": on_dates} | more)


def schedule(*spans):
    return Schedule("test", 1, spans)


def clock(text, fold=0):
    return dt.datetime.fromisoformat(text).replace(tzinfo=BERLIN, fold=fold)


def minutes(day, days=1):
    """The instants of every minute from midnight to midnight."""
    first, end = (dt.datetime.combine(day + dt.timedelta(n), dt.time(), BERLIN).astimezone(dt.UTC) for n in (0, days))
    return [first + n * MINUTE for n in range((end - first) // MINUTE)]


OFFICE = schedule(span("mon-thu", "09:00", "17:00", line=4), span("fri", "09:00", "15:30", line=5))
HOLIDAYS = schedule(span("mon-fri", "09:00", "17:00"), span("holidays", "10:00", "12:00", line=2))
NIGHT = schedule(span("fri", "22:00", "06:00"))
CHRISTMAS = schedule(span(), span(dates="12-24 - 01-06", closed=True, line=2))
HOLIDAY_NIGHT = schedule(span("holidays", "22:00", "06:00"))
DUTY = schedule(span("sat", "08:30", "08:30"))
STRETCH = schedule(span(dates="2026-12-24 12:00 - 2027-01-04 08:00"))
EVERY_STRETCH = schedule(span(dates="24.12. 12:00 to 4.1. 08:00"))


@pytest.mark.parametrize(
    ("a_schedule", "at", "on"),
    [
        (OFFICE, "2026-11-23T09:00", True),
        (OFFICE, "2026-11-23T08:59:59.999", False),
        (OFFICE, "2026-11-26T16:59:59.999", True),
        (OFFICE, "2026-11-26T17:00", False),
        (OFFICE, "2026-11-27T15:29", True),
        (OFFICE, "2026-11-27T15:30", False),
        (OFFICE, "2026-11-28T12:00", False),
        pytest.param(HOLIDAYS, "2026-06-04T11:00", True, id="Corpus Christi, a Thursday"),
        pytest.param(HOLIDAYS, "2026-06-04T14:00", False, id="a holiday is no weekday"),
        pytest.param(HOLIDAYS, "2026-06-11T14:00", True, id="the Thursday after it"),
        pytest.param(NIGHT, "2026-11-27T22:00", True, id="overnight begins on Friday"),
        pytest.param(NIGHT, "2026-11-28T05:59", True, id="overnight belongs to Friday"),
        pytest.param(NIGHT, "2026-11-28T06:00", False, id="overnight is over"),
        pytest.param(NIGHT, "2026-11-28T22:00", False, id="Saturday evening"),
        pytest.param(NIGHT, "2026-11-27T05:00", False, id="Friday morning belongs to Thursday"),
        pytest.param(HOLIDAY_NIGHT, "2026-06-05T05:00", True, id="the night belongs to the holiday before it"),
        pytest.param(HOLIDAY_NIGHT, "2026-06-04T05:00", False, id="the night before the holiday"),
        pytest.param(CHRISTMAS, "2026-12-23T23:59", True, id="before the yearly dates"),
        pytest.param(CHRISTMAS, "2026-12-24T00:00", False, id="first day of the yearly dates"),
        pytest.param(CHRISTMAS, "2031-01-06T23:59", False, id="last day of the yearly dates, another year"),
        pytest.param(CHRISTMAS, "2031-01-07T00:00", True, id="after the yearly dates"),
        pytest.param(schedule(span(dates="2026-12-24..2027-01-06")), "2027-12-24T12:00", False, id="only that year"),
        pytest.param(schedule(span(dates="2026-12-24..2027-01-06")), "2027-01-06T12:00", True, id="full dates"),
        pytest.param(
            schedule(span(None, "22:00", "06:00", "2026-12-24")), "2026-12-25T05:00", True, id="overnight date"
        ),
        pytest.param(schedule(span(None, "22:00", "06:00", "2026-12-24")), "2026-12-24T05:00", False, id="date begins"),
        pytest.param(
            schedule(span(None, "22:00", "06:00", "2026-12-31")), "2027-01-01T05:00", True, id="into the new year"
        ),
        pytest.param(schedule(span(dates="02-29")), "2028-02-29T12:00", True, id="leap day"),
        pytest.param(schedule(span(dates="02-29")), "2027-03-01T12:00", False, id="no leap day"),
        pytest.param(schedule(span("mon", None, "24:00")), "2026-11-23T23:59", True, id="24:00"),
        pytest.param(schedule(span("mon", "22:00", "00:00")), "2026-11-24T00:00", False, id="until midnight"),
        pytest.param(schedule(span(closed=True), span()), "2026-11-24T00:00", False, id="closed wins"),
        pytest.param(schedule(), "2026-11-24T00:00", False, id="no span"),
        pytest.param(DUTY, "2026-11-28T08:29", False, id="before 24 hours of duty"),
        pytest.param(DUTY, "2026-11-28T08:30", True, id="24 hours of duty"),
        pytest.param(DUTY, "2026-11-29T08:29", True, id="its last minute"),
        pytest.param(DUTY, "2026-11-29T08:30", False, id="after it"),
        pytest.param(STRETCH, "2026-12-24T11:59", False, id="before the stretch"),
        pytest.param(STRETCH, "2026-12-24T12:00", True, id="the stretch begins"),
        pytest.param(STRETCH, "2026-12-28T10:00", True, id="a day within it"),
        pytest.param(STRETCH, "2027-01-04T07:59", True, id="its last minute, next year"),
        pytest.param(STRETCH, "2027-01-04T08:00", False, id="after the stretch"),
        pytest.param(STRETCH, "2027-12-25T00:00", False, id="only that year's stretch"),
        pytest.param(EVERY_STRETCH, "2031-01-04T07:59", True, id="the stretch of every year"),
        pytest.param(EVERY_STRETCH, "2031-01-04T08:00", False, id="its end"),
        pytest.param(EVERY_STRETCH, "2031-12-24T12:00", True, id="its beginning"),
        pytest.param(EVERY_STRETCH, "2031-12-24T11:59", False, id="the minute before it"),
        pytest.param(
            schedule(span("mon-fri", dates="12-24 12:00 - 01-04 08:00")), "2026-12-26T12:00", False, id="Saturday"
        ),
        pytest.param(schedule(span(dates="12-24 12:00 - 12-24 24:00")), "2026-12-24T23:59", True, id="half a day"),
        pytest.param(schedule(span(dates="12-24 12:00 - 12-24 24:00")), "2026-12-25T00:00", False, id="and no more"),
        pytest.param(schedule(span(None, "12:00", dates="easter-3")), "2027-03-25T12:00", True, id="Maundy Thursday"),
        pytest.param(schedule(span(None, "12:00", dates="easter-3")), "2027-03-25T11:59", False, id="its morning"),
        pytest.param(schedule(span(dates="easter-3..easter+1")), "2028-04-17T23:59", True, id="until Easter Monday"),
        pytest.param(schedule(span(dates="easter-3..easter+1")), "2028-04-18T00:00", False, id="after it"),
    ],
)
def test_at(a_schedule, at, on):
    assert a_schedule.at(clock(at), CALENDAR)[0] is on


@pytest.mark.parametrize(
    ("a_schedule", "at", "line"),
    [
        (OFFICE, "2026-11-23T12:00", 4),
        (OFFICE, "2026-11-27T12:00", 5),
        (OFFICE, "2026-11-28T12:00", None),
        (CHRISTMAS, "2026-12-24T12:00", 2),
        (CHRISTMAS, "2026-11-24T12:00", 1),
    ],
)
def test_the_span_that_says_so(a_schedule, at, line):
    _, spoke = a_schedule.at(clock(at), CALENDAR)
    assert (spoke and spoke.line) == line


def test_any_zone_of_the_instant():
    assert OFFICE.at(dt.datetime(2026, 11, 23, 8, 0, tzinfo=dt.UTC), CALENDAR)[0]
    assert not OFFICE.at(dt.datetime(2026, 11, 23, 16, 0, tzinfo=dt.UTC), CALENDAR)[0]


def test_naive_times_are_refused():
    with pytest.raises(ValueError, match="has no time zone"):
        OFFICE.at(dt.datetime(2026, 11, 23, 8, 0), CALENDAR)  # noqa: DTZ001 - that is the point


@pytest.mark.parametrize(
    ("day", "start", "end", "lasts"),
    [
        (SPRING, "22:00", "06:00", 7 * 60),
        (AUTUMN, "22:00", "06:00", 9 * 60),
        (AUTUMN + dt.timedelta(7), "22:00", "06:00", 8 * 60),
        (SPRING, "02:00", "03:00", 0),
        (SPRING, "02:30", "04:00", 60),
        (SPRING, "01:00", "02:30", 60),
        (SPRING, None, None, 23 * 60),
        (AUTUMN, "02:00", "03:00", 2 * 60),
        (AUTUMN, "02:30", "02:45", 2 * 15),
        (AUTUMN, None, None, 25 * 60),
    ],
)
def test_both_changes_of_the_clock(day, start, end, lasts):
    a_schedule = schedule(span(None, start, end, str(day - dt.timedelta(1)) if start == "22:00" else str(day)))
    three_days = minutes(day - dt.timedelta(1), 3)
    assert sum(a_schedule.at(at, CALENDAR)[0] for at in three_days) == lasts


def test_in_the_skipped_hour_it_starts_when_the_clock_jumps():
    a_schedule = schedule(span(None, "02:30", "04:00"))
    on = [at for at in minutes(SPRING) if a_schedule.at(at, CALENDAR)[0]]
    assert CALENDAR.local(on[0]).time() == dt.time(3, 0)
    assert not a_schedule.at(on[0] - MINUTE, CALENDAR)[0]


def test_only_a_site_with_holidays_loads_them():
    program = (
        "import sys, zoneinfo; from vipgate_fs.gate.schedules import Calendar; "
        "Calendar(zoneinfo.ZoneInfo('UTC')); sys.exit('holidays' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.parametrize(
    ("text", "kinds", "normal"),
    [
        ("mon-thu", {0, 1, 2, 3}, "mon-thu"),
        ("mon, wed,fri", {0, 2, 4}, "mon, wed, fri"),
        ("sat-mon", {5, 6, 0}, "sat-mon"),
        ("sun - tue", {6, 0, 1}, "sun-tue"),
        ("MON", {0}, "mon"),
        ("fri-fri", {4}, "fri"),
        ("tue-mon", {0, 1, 2, 3, 4, 5, 6}, "tue-mon"),
        ("holidays", {7}, "holidays"),
        ("sun,holidays", {6, 7}, "sun, holidays"),
        ("mo-do", {0, 1, 2, 3}, "mon-thu"),
        ("Montag bis Donnerstag", {0, 1, 2, 3}, "mon-thu"),
        ("Monday to thu", {0, 1, 2, 3}, "mon-thu"),
        ("mo \u2013 do", {0, 1, 2, 3}, "mon-thu"),
        ("mo..do, Sonntag", {0, 1, 2, 3, 6}, "mon-thu, sun"),
        ("mo,di,mi,do,fr,sa,so,feiertage", {0, 1, 2, 3, 4, 5, 6, 7}, "mon, tue, wed, thu, fri, sat, sun, holidays"),
    ],
)
def test_days(text, kinds, normal):
    days = Days.parse(text)
    assert (days.kinds, days.text) == (kinds, normal)


@pytest.mark.parametrize(
    ("days", "names"),
    [
        (Days.parse("holidays"), True),
        (Days.parse("so,feiertage"), True),
        (Days.parse("mon-sun"), False),
        (EVERY_DAY, False),
    ],
)
def test_days_that_name_holidays(days, names):
    assert days.names_holidays is names


@pytest.mark.parametrize(
    "text",
    [
        "",
        ",",
        "mon,",
        "mon-",
        "-mon",
        "-",
        "monn",
        "mon-thu-fri",
        "montobis",
        "mon bis",
        "mon thu",
        "holidays-mon",
        "mon-holidays",
        "1",
        "mon\nx",
        "daily",
    ],
)
def test_days_refused(text):
    with pytest.raises(ValueError, match=r"^found '.*' in days '.*'; allowed: mon, tue, .* and holidays") as caught:
        Days.parse(text)
    assert "erlaubt: Mo, Di, Mi, Do, Fr, Sa, So und Feiertage" in in_language(caught.value, "de")


@pytest.mark.parametrize(
    ("start", "end", "times", "text"),
    [
        ("09:00", "17:00", Times(540, 1020), "09:00-17:00"),
        ("9:00", "17:00", Times(540, 1020), "09:00-17:00"),
        ("22:00", "06:00", Times(1320, 1800), "22:00-06:00"),
        ("22:00", "00:00", Times(1320, 1440), "22:00-24:00"),
        ("22:00", "24:00", Times(1320, 1440), "22:00-24:00"),
        ("09:00", None, Times(540, 1440), "09:00-24:00"),
        (None, "17:00", Times(0, 1020), "00:00-17:00"),
        (None, None, Times(0, 1440), ""),
        ("00:00", "24:00", Times(0, 1440), ""),
        ("08:30", "08:30", Times(510, 1950), "08:30-08:30"),
        ("00:00", "00:00", Times(0, 1440), ""),
        (None, "00:00", Times(0, 1440), ""),
    ],
)
def test_times(start, end, times, text):
    assert Times.parse(start, end) == times
    assert times.text == text


@pytest.mark.parametrize(
    ("start", "end", "message"),
    [
        ("24:00", None, "found '24:00'; allowed: a time"),
        *[
            ("09:00", end, "allowed: a time")
            for end in ("24:01", "17", "17:60", "17:0", "", "5pm", "17:00 ", "-1:00", "١٧:00")
        ],
        ("25:00", "17:00", "found '25:00'; allowed: a time"),
    ],
)
def test_times_refused(start, end, message):
    with pytest.raises(ValueError, match=message):
        Times.parse(start, end)


@pytest.mark.parametrize(
    ("a_span", "text"),
    [
        (span("mo-do", "9:00", "17:00"), "mon-thu 09:00-17:00"),
        (span("sat", dates="12-24..01-06"), "12-24..01-06 sat"),
        (span(), "always"),
        (span(dates="2026-12-24", closed=True), "closed 2026-12-24"),
    ],
)
def test_span_text(a_span, text):
    assert a_span.text == text


@pytest.mark.parametrize(
    ("a_schedule", "ever", "always"),
    [
        (OFFICE, True, False),
        (schedule(span()), True, True),
        (schedule(), False, False),
        (schedule(span(closed=True)), False, False),
        (schedule(span(), span(closed=True)), False, False),
        (schedule(span("mon-sun")), True, False),
        (schedule(span("mon-sun"), span("holidays")), True, True),
        (schedule(span(None, "22:00", "06:00"), span(None, "06:00", "22:00")), True, True),
        (schedule(span(None, "22:00", "06:00"), span(None, "06:01", "22:00")), True, False),
        (
            schedule(span(None, "09:00", "17:00", "06-01"), span(None, "09:00", "16:59", "06-01", closed=True)),
            True,
            False,
        ),
        (schedule(span(dates="2026-12-31")), True, False),
        (schedule(span(dates="2025-12-31")), False, False),
        (schedule(span(dates="2028-02-29")), False, False),
        (schedule(span(None, "22:00", "06:00", dates="2025-12-31")), True, False),
        pytest.param(schedule(span(None, "02:15", "02:45", str(SPRING))), False, False, id="only in the skipped hour"),
        pytest.param(schedule(span(None, "02:30", "03:15", str(SPRING))), True, False, id="begins in the skipped hour"),
        pytest.param(
            schedule(span(), span(None, "02:00", "03:00", str(SPRING), closed=True)), True, True, id="closed in it"
        ),
    ],
)
def test_ever_and_always(a_schedule, ever, always):
    new_year = dt.date(2026, 1, 1)
    assert a_schedule.ever(CALENDAR, new_year) is ever
    assert a_schedule.always(CALENDAR, new_year) is always


MINUTES = (0, 15, 30, 59)
times_of_day = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.sampled_from(MINUTES))
written_spans = st.fixed_dictionaries(
    {},
    optional={
        "days": st.lists(st.sampled_from([*WEEKDAYS, "holidays"]), min_size=1, max_size=6),
        "times": st.tuples(times_of_day, times_of_day),
        "dates": st.tuples(*[st.dates(SPRING - dt.timedelta(2), SPRING + dt.timedelta(10))] * 2).map(sorted),
        "closed": st.booleans(),
    },
)


def read(written):
    first, last = written.get("dates", (None, None))
    days, times = ",".join(written.get("days", [])), written.get("times", (None, None))
    return span(days, *times, first and f"{first} - {last}", closed=written.get("closed", False))


def is_on(written, local):
    """Whether the clock shows a time of the span, told from its words: whole naive times, day by day."""
    for day in (local.date(), local.date() - dt.timedelta(1)):
        kind = "holidays" if CALENDAR.holiday(day) else WEEKDAYS[day.weekday()]
        first, last = written.get("dates", (day, day))
        start, end = (dt.time.fromisoformat(time) for time in written.get("times", ("00:00", "00:00")))
        begins = dt.datetime.combine(day, start)
        ends = dt.datetime.combine(day if end > start else day + dt.timedelta(1), end)
        if begins <= local.replace(tzinfo=None) < ends and kind in written.get("days", [kind]) and first <= day <= last:
            return True
    return False


def expected(spans, at):
    local = at.astimezone(BERLIN)
    on = [written for written in spans if is_on(written, local)]
    return bool(on) and not any(written.get("closed") for written in on)


@given(
    st.lists(written_spans, max_size=4),
    st.sampled_from([SPRING, AUTUMN, dt.date(2026, 4, 5)]),
    st.integers(0, 24 * 60 - 61),
)
def test_against_an_oracle(spans, day, minute):
    a_schedule = schedule(*map(read, spans))
    for at in minutes(day)[minute : minute + 60]:
        assert a_schedule.at(at, CALENDAR)[0] == expected(spans, at)


@given(st.lists(written_spans, max_size=4))
def test_ever_and_always_against_every_minute(spans):
    a_schedule = schedule(*map(read, spans))
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(schedules, "HORIZON", 3)
        ever, always = (ask(CALENDAR, SPRING - dt.timedelta(1)) for ask in (a_schedule.ever, a_schedule.always))
    written = [at for at in minutes(SPRING - dt.timedelta(1), 3) if at.minute in MINUTES]  # others are as those before
    every_minute = [a_schedule.at(at, CALENDAR)[0] for at in written]
    assert (ever, always) == (any(every_minute), all(every_minute))


@pytest.mark.parametrize(
    ("a_schedule", "at", "explanation"),
    [
        (OFFICE, "2026-11-23T10:00", "Mon 2026-11-23 10:00 is inside test (mon-thu 09:00-17:00)"),
        (OFFICE, "2026-11-28T10:00", "Sat 2026-11-28 10:00 is outside test"),
        (HOLIDAYS, "2026-06-04T15:00", "Thu 2026-06-04 15:00 is a public holiday (Fronleichnam), outside test"),
        (
            HOLIDAY_NIGHT,
            "2026-06-05T05:00",
            "Fri 2026-06-05 05:00 is inside test (holidays 22:00-06:00, since Thu 2026-06-04 a public holiday (Fronleichnam))",
        ),
        (
            STRETCH,
            "2027-01-01T05:00",
            "Fri 2027-01-01 05:00 is a public holiday (Neujahr), inside test (2026-12-24 12:00..2027-01-04 08:00)",
        ),
        (CHRISTMAS, "2026-12-24T10:00", "Thu 2026-12-24 10:00 is outside test (closed 12-24..01-06)"),
        (NIGHT, "2026-11-28T01:00", "Sat 2026-11-28 01:00 is inside test (fri 22:00-06:00, since Fri 2026-11-27)"),
    ],
)
def test_what_decided_is_named(a_schedule, at, explanation):
    assert a_schedule.explain(clock(at), CALENDAR) == explanation
