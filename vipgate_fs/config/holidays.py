"""`site.holidays`: a country or a part of one, and the days that a site adds and removes."""

from __future__ import annotations

from vipgate_fs.document.findings import Report
from vipgate_fs.document.nodes import Scalar
from vipgate_fs.document.section import Section
from vipgate_fs.gate.holidays import Holidays
from vipgate_fs.sentences import joined, say


def read_holidays(site: Section, country: str) -> Holidays | None:
    """The site's public holidays; None if none are configured, or the base is invalid.

    Args:
        site: the section.
        country: the site's, ISO 3166-1.
    """
    own = site.section("holidays")
    base = own.node.scalar("base") or site.node.scalar("holidays")
    holidays = own.parsed(base, Holidays)
    if base is None or holidays is None:
        return None
    if "-" not in base.text and base.text != country:
        what = say("{base} is another country than {country}", base=base.text, country=country)
        part = f"{country}-{base.text}"
        site.report.warning(
            base, say("{what}; a part is written {part}", what=what, part=part) if _is_known(part) else what
        )
    for item in own.items("without"):
        if own.parsed(item, holidays.drop) is False:
            site.report.warning(item, say("no holiday in {base} anyway", base=base.text))
    for item in own.items("add"):
        own.parsed(item, holidays.add)
    if not holidays.are_known:
        site.report.warning(
            base, say("no holidays of {base} are known for this year and the next two; add them", base=base.text)
        )
    if not own.keys.keys() & {"add", "without"}:
        _warn_of_days_in_parts(holidays, base, site.report)
    return holidays


def _is_known(base: str) -> bool:
    try:
        Holidays(base)
    except ValueError:
        return False
    return True


def _warn_of_days_in_parts(holidays: Holidays, base: Scalar, report: Report) -> None:
    if (days := holidays.in_parts) is None:
        return
    counted, left_out = ", ".join(days.counted), ", ".join(days.left_out)
    kinds = (
        counted and say("{days} (counted here)", days=counted),
        left_out and say("{days} (not counted here)", days=left_out),
    )
    write = ", ".join(
        f"{key}: [{names[0]}]" for key, names in (("without", days.counted), ("add", days.left_out)) if names
    )
    report.warning(
        base,
        say(
            "holidays in parts of {base} only: {days}; for your municipality write {{base: {base}, {write}}}, "
            "or add: [] to leave it so",
            base=base.text,
            days=joined("; ", kinds),
            write=write,
        ),
    )
