"""Public holidays against the laws; `python tests/gate/test_holidays.py` writes `docs/holidays.md` anew."""

import datetime as dt
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from vipgate_fs.gate.holidays import Holidays

HERE = Path(__file__).parent
DOCUMENT = HERE.parent.parent / "docs" / "holidays.md"
SPEC = importlib.util.spec_from_file_location("holiday_laws", HERE / "holiday_laws.py")
laws = importlib.util.module_from_spec(SPEC)
sys.modules["holiday_laws"] = laws
SPEC.loader.exec_module(laws)
YEAR = 2027
HEAD = """\
# Public holidays

What `site.holidays` knows of Germany's states, Austria and Switzerland's cantons. This page is made by a test that compares every
day of 2026 to 2030 with what is written here. `vipgate check --holidays 2027` lists the days of your site. How to add days,
leave them out and name them is in [schedules.md](schedules.md).

"""
NOTE = """
With * the law's own text was read. Without it the law is named as far as it is known, and the days have not yet been compared with
its text: they are those of the Python package `holidays`, which names its sources. Say so if your law says otherwise.

- **Bavaria, Saxony, Thuringia**: Assumption (Bavaria) and Corpus Christi (Saxony, Thuringia) are holidays in some municipalities
  only. They do not count unless you add them; `vipgate check` says so until you have decided.
- **Aargau, Fribourg, Solothurn**: the law goes by district or municipality. The days are those of most of the canton: in
  Aargau those of the districts Aarau, Brugg, Kulm, Lenzburg and Zofingen, in Fribourg those of the Catholic part, in Solothurn
  those of every district but Bucheggberg. `vipgate check` names what differs until you have decided.
- **Half days**, such as 1 May from 12:00 in Solothurn, are no holidays; close them in the schedule.
"""


def document():
    parts = [HEAD]
    for country, common in laws.COUNTRIES.items():
        parts.append(f"**{country}**: {common}.\n\n")
    parts.append("| part | days besides | law |\n|---|---|---|\n")
    for part, law in laws.LAWS.items():
        mark = "*" if law.read else ""
        conditions = ""
        if law.unless:
            conditions = " (Berchtoldstag and Stephanstag not on a Tuesday or Saturday)"
        elif law.only:
            conditions = " (Berchtoldstag and Stephanstag only on a Monday)"
        parts.append(f"| `{part}` | {', '.join(law.days)}{conditions} | {law.text}{mark} |\n")
    return "".join([*parts, NOTE])


@pytest.mark.parametrize("part", laws.LAWS)
def test_the_holidays_are_those_of_the_law(part):
    holidays = Holidays(part)
    for year in laws.YEARS:
        found = {day: set(names.split("; ")) for day, names in holidays.of(year).items()}
        assert found == laws.days(part, year)


def test_the_document_says_what_the_laws_say():
    assert DOCUMENT.read_text("utf-8") == document(), f"write it anew: python {Path(__file__).name}"


@pytest.mark.parametrize(
    ("code", "day", "name"),
    [
        ("DE", "2026-06-04", None),
        ("DE", "2026-10-03", "Tag der Deutschen Einheit"),
        ("AT-9", "2026-10-26", "Nationalfeiertag"),
        ("FR", "2030-07-14", "Fête nationale"),
        ("US-NY", "2027-07-05", "Independence Day (observed)"),
    ],
)
def test_public_holidays(code, day, name):
    assert Holidays(code).name(dt.date.fromisoformat(day)) == name


def test_holiday_names_do_not_depend_on_the_servers_language():
    program = (
        "import datetime as dt; from vipgate_fs.gate.holidays import Holidays; "
        "print(Holidays('DE').name(dt.date(2026, 1, 1)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | {"LANGUAGE": "en_US"},
    )
    assert run.stdout == "Neujahr\n"


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("DE-XX", "allowed: DE, DE-BB, .*DE-Augsburg$"),
        ("AT-W1", "allowed: AT, AT-1, "),
        ("XX", "allowed: a country"),
        ("", "allowed: a"),
        ("DE-", "allowed: DE, "),
    ],
)
def test_unknown_holidays(code, message):
    with pytest.raises(ValueError, match=message):
        Holidays(code)


@pytest.mark.parametrize(
    ("base", "written", "day", "name"),
    [
        ("DE-BY", "Mariä Himmelfahrt", "08-15", "Mariä Himmelfahrt"),
        ("DE-BY", " mariä himmelfahrt ", "08-15", "Mariä Himmelfahrt"),
        ("DE-BY", "Assumption Day", "08-15", "Mariä Himmelfahrt"),
        ("DE-SN", "Fronleichnam", "05-27", "Fronleichnam"),
        ("DE-BY", "08-08 Friedensfest", "08-08", "Friedensfest"),
        ("DE-BY", "8.8. Friedensfest", "08-08", "Friedensfest"),
        ("DE-BY", "2027-05-07 Brückentag", "05-07", "Brückentag"),
        ("DE-NW", "easter-48 Rosenmontag", "02-08", "Rosenmontag"),
        ("DE-NW", "Ostern-48 Rosenmontag", "02-08", "Rosenmontag"),
        ("DE-NW", "easter Osterfest", "03-28", "Osterfest"),
        ("DE-NW", "12-27..12-30 Betriebsferien", "12-29", "Betriebsferien"),
        ("DE-BW", "05-01 Maifeiertag", "05-01", "Maifeiertag"),
        ("CH-AG", "Stephanstag", "12-26", "Stephanstag"),
        ("CH-ZH", "Sechseläuten", "04-19", "Sechseläuten"),
        ("US", "Easter Monday", "03-29", "Easter Monday"),
    ],
)
def test_a_site_adds_and_names_days(base, written, day, name):
    holidays = Holidays(base)
    holidays.add(written)
    assert holidays.of(YEAR)[dt.date.fromisoformat(f"{YEAR}-{day}")] == name


@pytest.mark.parametrize(
    ("base", "written", "day"),
    [
        ("DE-BW", "Fronleichnam", "05-27"),
        ("DE-BW", "Corpus Christi", "05-27"),
        ("DE-BW", "2027-05-27", "05-27"),
        ("DE-BW", "easter+60", "05-27"),
        ("CH-AG", "Ostermontag", "03-29"),
        ("DE-BE", "Internationaler Frauentag", "03-08"),
    ],
)
def test_a_site_does_without_days(base, written, day):
    holidays, day = Holidays(base), dt.date.fromisoformat(f"{YEAR}-{day}")
    assert holidays.name(day)
    assert holidays.drop(written)
    assert not holidays.name(day)


def test_a_day_that_was_none_is_reported():
    assert not Holidays("DE-BW").drop("Reformationstag")


def test_of_two_on_one_day_the_other_stays():
    holidays = Holidays("DE")
    day = dt.date(2008, 5, 1)
    assert holidays.name(day) == "Christi Himmelfahrt; Erster Mai"
    holidays.drop("Christi Himmelfahrt")
    assert holidays.name(day) == "Erster Mai"


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("Maria Himmelfahrt", "DE has no holiday 'Maria Himmelfahrt'; allowed: Mariä Himmelfahrt, "),
        ("Xyz", "DE has no holiday 'Xyz'; allowed: 75. Jahrestag .*, Allerheiligen, "),
        ("08-08", "'08-08' has no name; allowed: a date and a name, such as \"08-08 Kermis\""),
        ("31-12 Silvester", "there is no 31-12"),
        ("12-24 12:00 Heiligabend", "holidays are whole days"),
        ("easter+300 x", "allowed: easter-80 to easter"),
        ("", "DE has no holiday ''"),
    ],
)
def test_a_day_that_nobody_knows(written, message):
    with pytest.raises(ValueError, match=message):
        Holidays("DE-BY").add(written)


@pytest.mark.parametrize(
    ("base", "counted", "left_out"),
    [
        ("DE-BY", (), ("Mariä Himmelfahrt",)),
        ("CH-SO", ("Fronleichnam", "Mariä Himmelfahrt", "Allerheiligen"), ()),
    ],
)
def test_days_of_some_municipalities_are_known(base, counted, left_out):
    found = Holidays(base).in_parts
    assert (found.counted, found.left_out) == (counted, left_out)
    assert Holidays("DE-BW").in_parts is None


@pytest.mark.parametrize("year", [1991, 2101, 9998, 9999])
def test_far_away_years_have_what_was_added(year):
    holidays = Holidays("DE-BW")
    holidays.add("08-08 Friedensfest")
    assert holidays.name(dt.date(year, 8, 8)) == "Friedensfest"


if __name__ == "__main__":
    DOCUMENT.write_text(document(), "utf-8")
