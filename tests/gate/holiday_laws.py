"""The public holidays of Germany's states, Austria and Switzerland's cantons as their laws have them.

Each law as what it gives beside the days of the whole country; the dates are computed without the library that the
product asks. `read` says that the law's own text was read; else the law is named as far as it is known, and its days have
not yet been compared with its text.
"""

import datetime as dt
from dataclasses import dataclass

from dateutil.easter import easter

YEARS = range(2026, 2031)
EASTER = {
    "Karfreitag": -2,
    "Ostersonntag": 0,
    "Ostermontag": 1,
    "Christi Himmelfahrt": 39,
    "Auffahrt": 39,
    "Pfingstsonntag": 49,
    "Pfingstmontag": 50,
    "Fronleichnam": 60,
}
FIXED = {
    "Neujahr": "01-01",
    "Neujahrstag": "01-01",
    "Berchtoldstag": "01-02",
    "Heilige Drei Könige": "01-06",
    "Jahrestag der Ausrufung der Republik": "03-01",
    "Internationaler Frauentag": "03-08",
    "Josefstag": "03-19",
    "Erster Mai": "05-01",
    "Staatsfeiertag": "05-01",
    "Tag der Arbeit": "05-01",
    "Fest der Unabhängigkeit": "06-23",
    "Peter und Paul": "06-29",
    "Augsburger Hohes Friedensfest": "08-08",
    "Mariä Himmelfahrt": "08-15",
    "Weltkindertag": "09-20",
    "Bruder Klaus": "09-25",
    "Tag der Deutschen Einheit": "10-03",
    "Reformationstag": "10-31",
    "Allerheiligen": "11-01",
    "Mariä Empfängnis": "12-08",
    "Erster Weihnachtstag": "12-25",
    "Weihnachten": "12-25",
    "Christtag": "12-25",
    "Zweiter Weihnachtstag": "12-26",
    "Stephanstag": "12-26",
    "Wiederherstellung der Republik": "12-31",
}
MONDAY, TUESDAY, WEDNESDAY, THURSDAY, SATURDAY, SUNDAY = 0, 1, 2, 3, 5, 6


@dataclass(frozen=True)
class Law:
    """A law: where it stands, what it gives, and what it says of weekdays.

    `unless`: names → the weekdays on which they are none. `only`: names → the weekdays on which alone they are one.
    """

    text: str
    days: tuple[str, ...]
    unless: tuple[int, ...] = ()
    only: tuple[int, ...] = ()
    read: bool = False


def law(text, days="", *, unless=(), only=(), read=False):
    return Law(text, tuple(filter(None, days.split(", "))), unless, only, read)


COUNTRIES = {
    "DE": "Neujahr, Karfreitag, Ostermontag, Erster Mai, Christi Himmelfahrt, Pfingstmontag, Tag der Deutschen Einheit, "
    "Erster Weihnachtstag, Zweiter Weihnachtstag",
    "AT": "Neujahr, Heilige Drei Könige, Ostermontag, Staatsfeiertag, Christi Himmelfahrt, Pfingstmontag, Fronleichnam, "
    "Mariä Himmelfahrt, Nationalfeiertag, Allerheiligen, Mariä Empfängnis, Christtag, Stephanstag",
    "CH": "Neujahrstag, Auffahrt, Nationalfeiertag, Weihnachten",
}
EASTER_4 = "Karfreitag, Ostermontag, Pfingstmontag, Stephanstag"
CATHOLIC_4 = "Fronleichnam, Mariä Himmelfahrt, Allerheiligen, Mariä Empfängnis"
BJ = "the canton's law"
LAWS = {
    "DE-BB": law("FTG § 2", "Ostersonntag, Pfingstsonntag, Reformationstag"),
    "DE-BE": law(
        "Gesetz über die Sonn- und Feiertage § 1",
        "Internationaler Frauentag, 75. Jahrestag des Aufstandes vom 17. Juni 1953",
    ),
    "DE-BW": law("FTG § 1", "Heilige Drei Könige, Fronleichnam, Allerheiligen"),
    "DE-BY": law("BayFTG Art. 1 Abs. 1 Nr. 1", "Heilige Drei Könige, Fronleichnam, Allerheiligen"),
    "DE-Augsburg": law(
        "BayFTG Art. 1 Abs. 1 und 2",
        "Heilige Drei Könige, Fronleichnam, Augsburger Hohes Friedensfest, Mariä Himmelfahrt, Allerheiligen",
    ),
    "DE-HB": law("Gesetz über die Sonn-, Gedenk- und Feiertage § 2", "Reformationstag"),
    "DE-HE": law("HFeiertagsG § 1", "Fronleichnam"),
    "DE-HH": law("Feiertagsgesetz § 1", "Reformationstag"),
    "DE-MV": law("FTG M-V § 2", "Internationaler Frauentag, Reformationstag"),
    "DE-NI": law("NFeiertagsG § 2", "Reformationstag"),
    "DE-NW": law("Feiertagsgesetz NW § 2", "Fronleichnam, Allerheiligen"),
    "DE-RP": law("LFtG § 2", "Fronleichnam, Allerheiligen"),
    "DE-SH": law("SFTG § 2", "Reformationstag"),
    "DE-SL": law("SFG § 2", "Fronleichnam, Mariä Himmelfahrt, Allerheiligen"),
    "DE-SN": law("SächsSFG § 1 Abs. 1", "Reformationstag, Buß- und Bettag", read=True),
    "DE-ST": law("FeiertG LSA § 2", "Heilige Drei Könige, Reformationstag"),
    "DE-TH": law("ThürFGtG § 2 Abs. 1", "Weltkindertag, Reformationstag"),
    **{f"AT-{state}": law("Feiertagsruhegesetz 1957 § 1; ARG § 7 Abs. 2") for state in range(1, 10)},
    "CH-AG": law("by district; the days of most of them", f"Berchtoldstag, {EASTER_4}", unless=(TUESDAY, SATURDAY)),
    "CH-AI": law(BJ, f"{EASTER_4}, {CATHOLIC_4}", unless=(TUESDAY, SATURDAY)),
    "CH-AR": law(BJ, EASTER_4, unless=(TUESDAY, SATURDAY)),
    "CH-BE": law("BSG 555.1 Art. 2", f"Berchtoldstag, {EASTER_4}"),
    "CH-BL": law("SGS 547", f"{EASTER_4}, Tag der Arbeit"),
    "CH-BS": law("SG 811.100", f"{EASTER_4}, Tag der Arbeit"),
    "CH-FR": law("SGF 865.1 Art. 1 a, with Good Friday; fr.ch", f"Karfreitag, {CATHOLIC_4}", read=True),
    "CH-GE": law("RSG J 1 45", "Karfreitag, Ostermontag, Pfingstmontag, Genfer Bettag, Wiederherstellung der Republik"),
    "CH-GL": law("GS IX B/21/1 Art. 2", f"{EASTER_4}, Näfelser Fahrt, Allerheiligen", read=True),
    "CH-GR": law("BR 520.100 Art. 2", EASTER_4, read=True),
    "CH-JU": law(
        BJ,
        "Berchtoldstag, Karfreitag, Ostermontag, Tag der Arbeit, Pfingstmontag, Fronleichnam, Fest der Unabhängigkeit, "
        "Mariä Himmelfahrt, Allerheiligen",
    ),
    "CH-LU": law("SRL 855 § 1", f"Berchtoldstag, {EASTER_4}, {CATHOLIC_4}"),
    "CH-NE": law(
        "RSN 941.02 art. 3",
        "Berchtoldstag, Jahrestag der Ausrufung der Republik, Karfreitag, Tag der Arbeit, Stephanstag",
        only=(MONDAY,),
        read=True,
    ),
    "CH-NW": law(BJ, f"Josefstag, Karfreitag, {CATHOLIC_4}"),
    "CH-OW": law("GDB 975.2 Art. 2", f"Karfreitag, Bruder Klaus, {CATHOLIC_4}", read=True),
    "CH-SG": law("sGS 552.1", f"{EASTER_4}, Allerheiligen"),
    "CH-SH": law("SHR 900.200", f"{EASTER_4}, Tag der Arbeit"),
    "CH-SO": law("BGS 512.41 § 2", "Karfreitag, Fronleichnam, Mariä Himmelfahrt, Allerheiligen", read=True),
    "CH-SZ": law("SRSZ 545.110 § 2", f"Heilige Drei Könige, Josefstag, {EASTER_4}, {CATHOLIC_4}", read=True),
    "CH-TG": law(BJ, f"Berchtoldstag, {EASTER_4}, Tag der Arbeit"),
    "CH-TI": law(
        "RL 10.1.1.1.2 art. 1",
        "Heilige Drei Könige, Josefstag, Ostermontag, Tag der Arbeit, Pfingstmontag, Peter und Paul, Stephanstag, "
        f"{CATHOLIC_4}",
        read=True,
    ),
    "CH-UR": law(BJ, f"Heilige Drei Könige, Josefstag, {EASTER_4}, {CATHOLIC_4}", unless=(TUESDAY, SATURDAY)),
    "CH-VD": law(BJ, "Berchtoldstag, Karfreitag, Ostermontag, Pfingstmontag, Bettagsmontag"),
    "CH-VS": law("SGS 822.2", f"Josefstag, {CATHOLIC_4}"),
    "CH-ZG": law(BJ, f"Karfreitag, {CATHOLIC_4}"),
    "CH-ZH": law("LS 822.4 § 1", f"{EASTER_4}, Tag der Arbeit", read=True),
}
MOVED_BY_WEEKDAY = ("Berchtoldstag", "Stephanstag")
"""The days that `unless` and `only` are about."""


def nth(year, month, weekday, n):
    first = dt.date(year, month, 1)
    return first + dt.timedelta((weekday - first.weekday()) % 7 + 7 * (n - 1))


def naefelser_fahrt(year):
    """First Thursday in April, a week later if that is Maundy Thursday."""
    day = nth(year, 4, THURSDAY, 1)
    return day + dt.timedelta(7) if day == easter(year) - dt.timedelta(3) else day


SPECIAL = {
    "Buß- und Bettag": lambda year: (
        dt.date(year, 11, 22) - dt.timedelta((dt.date(year, 11, 22).weekday() - WEDNESDAY) % 7)
    ),
    "Genfer Bettag": lambda year: nth(year, 9, SUNDAY, 1) + dt.timedelta(4),
    "Bettagsmontag": lambda year: nth(year, 9, SUNDAY, 3) + dt.timedelta(1),
    "Näfelser Fahrt": naefelser_fahrt,
    "75. Jahrestag des Aufstandes vom 17. Juni 1953": lambda year: dt.date(2028, 6, 17) if year == 2028 else None,
}


def days(part, year):
    """The days of a year by the law: date → names."""
    country = part.partition("-")[0]
    found = {}
    for name in (*COUNTRIES[country].split(", "), *LAWS[part].days):
        if day := _day(name, country, year):
            weekdays = LAWS[part].only or tuple({*range(7)} - {*LAWS[part].unless})
            if name not in MOVED_BY_WEEKDAY or day.weekday() in weekdays:
                found.setdefault(day, set()).add(name)
    return found


def _day(name, country, year):
    if name in SPECIAL:
        return SPECIAL[name](year)
    if name in EASTER:
        return easter(year) + dt.timedelta(EASTER[name])
    if name == "Nationalfeiertag":
        return dt.date(year, 8, 1) if country == "CH" else dt.date(year, 10, 26)
    return dt.date.fromisoformat(f"{year}-{FIXED[name]}")
