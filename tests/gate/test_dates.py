import datetime as dt

import pytest
from dateutil.easter import easter as easter_of_dateutil
from hypothesis import given
from hypothesis import strategies as st

from vipgate_fs.gate.dates import Dates, easter


@pytest.mark.parametrize(
    ("text", "first", "last", "normal"),
    [
        ("2026-12-24", "2026-12-24", "2026-12-24", "2026-12-24"),
        ("2026-12-24 - 2027-01-06", "2026-12-24", "2027-01-06", "2026-12-24..2027-01-06"),
        ("2026-12-24..2027-01-06", "2026-12-24", "2027-01-06", "2026-12-24..2027-01-06"),
        ("2026-12-24 .. 2027-01-06", "2026-12-24", "2027-01-06", "2026-12-24..2027-01-06"),
        ("2026-12-24~2027-01-06", "2026-12-24", "2027-01-06", "2026-12-24..2027-01-06"),
        ("2026-12-24 to 2027-01-06", "2026-12-24", "2027-01-06", "2026-12-24..2027-01-06"),
        ("2026-12-24 \u2013 2027-01-06", "2026-12-24", "2027-01-06", "2026-12-24..2027-01-06"),
        ("12-24", "12-24", "12-24", "12-24"),
        ("12-24 - 01-06", "12-24", "01-06", "12-24..01-06"),
        ("02-29", "02-29", "02-29", "02-29"),
        ("2028-02-29", "2028-02-29", "2028-02-29", "2028-02-29"),
        ("24.12.2026", "2026-12-24", "2026-12-24", "2026-12-24"),
        ("24.12.", "12-24", "12-24", "12-24"),
        ("24.12. bis 6.1.", "12-24", "01-06", "12-24..01-06"),
        ("24.12.-6.1.", "12-24", "01-06", "12-24..01-06"),
        ("24.12.2026\u20136.1.2027", "2026-12-24", "2027-01-06", "2026-12-24..2027-01-06"),
        ("24.12.2026-6.1.2027", "2026-12-24", "2027-01-06", "2026-12-24..2027-01-06"),
        ("24. 12. - 6. 1.", "12-24", "01-06", "12-24..01-06"),
        ("easter", "easter", "easter", "easter"),
        ("Easter-2 - easter +1", "easter-2", "easter+1", "easter-2..easter+1"),
        ("Ostern+60", "easter+60", "easter+60", "easter+60"),
        ("easter+99 - easter+100", "easter+99", "easter+100", "easter+99..easter+100"),
    ],
)
def test_dates(text, first, last, normal):
    dates = Dates.parse(text)
    assert (dates.first, dates.last, dates.text, dates.is_stretch) == (first, last, normal, False)


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("2026-12-24 12:00 - 2027-01-04 08:00", "2026-12-24 12:00..2027-01-04 08:00"),
        ("2026-12-24T12:00..2027-01-04T08:00", "2026-12-24 12:00..2027-01-04 08:00"),
        ("2026-12-24 12:00:00~2027-01-04 08:00:00", "2026-12-24 12:00..2027-01-04 08:00"),
        ("24.12. 12:00 to 4.1. 08:00", "12-24 12:00..01-04 08:00"),
        ("24.12. 12:00-4.1. 08:00", "12-24 12:00..01-04 08:00"),
        ("24.12., 12:00 Uhr bis 4.1., 8:00 Uhr", "12-24 12:00..01-04 08:00"),
        ("12-24 12:00 - 12-24 24:00", "12-24 12:00..12-24 24:00"),
        ("12-24 12:00 - 01-04", "12-24 12:00..01-04"),
        ("12-24 - 01-04 08:00", "12-24..01-04 08:00"),
        ("easter-3 12:00 - easter+1 24:00", "easter-3 12:00..easter+1 24:00"),
    ],
)
def test_with_times_it_is_one_stretch(text, normal):
    dates = Dates.parse(text)
    assert (dates.text, dates.is_stretch) == (normal, True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("02-30", "there is no 02-30"),
        ("2027-02-29", "there is no 2027-02-29"),
        ("29.2.2027", "there is no 29.2.2027"),
        ("2026-13-01", "there is no 2026-13-01"),
        ("00-00..01-01", "there is no 00-00"),
        ("2027-01-06 - 2026-12-24", "ends before it begins"),
        ("easter+1 - easter-2", "ends before it begins"),
        ("12-24 12:00 - 12-24 08:00", "ends before it begins"),
        ("2026-12-24 12:00 - 2026-12-24 12:00", "ends before it begins"),
        ("2026-12-24 - 01-06", "both with a year or both without"),
        ("easter - 12-24", "both with a year or both without"),
        ("12-24 - 01-06 - 02-01", "one date, or two"),
        ("12-24 12:00", "allowed: two moments"),
        ("12-24 24:00 - 12-25 08:00", "begins at 24:00; write 00:00 of the next day"),
        ("12-24 25:00 - 12-25 08:00", "found '25:00'"),
        ("easter-200", r"allowed: easter-80 to easter\+250"),
        *[
            (text, "allowed: a date")
            for text in ("", "24.12", "12-24-01-06", "2026-12", "20261224", "12-24..", "1-1", "٢٠٢٦-12-24", "24.12.26")
        ],
    ],
)
def test_dates_refused(text, message):
    with pytest.raises(ValueError, match=message):
        Dates.parse(text)


def test_easter():
    years = range(1583, 4100)
    assert [*map(easter, years)] == [*map(easter_of_dateutil, years)]


moments = st.integers(0, 5 * 366 * 24 * 60).map(
    lambda minutes: dt.datetime.fromisoformat("2026-01-01") + dt.timedelta(minutes=minutes)
)


@given(st.tuples(moments, moments).filter(lambda ends: ends[0] < ends[1]), moments)
def test_a_stretch_is_what_lies_between_its_moments(ends, at):
    dates = Dates.parse(" - ".join(end.strftime("%Y-%m-%d %H:%M") for end in ends))
    assert dates.cover(at.date(), at.hour * 60 + at.minute) == (ends[0] <= at < ends[1])
