"""`site.holidays`: a country or a part of one, and the days that a site adds and removes."""

from __future__ import annotations

from vipgate_fs.document.findings import Report
from vipgate_fs.document.nodes import Scalar
from vipgate_fs.document.section import Section
from vipgate_fs.gate.holidays import Holidays


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
        what = f"{base.text} is another country than {country}"
        part = f"{country}-{base.text}"
        site.report.warning(base, f"{what}; a part is written {part}" if _is_known(part) else what)
    for item in own.items("without"):
        if own.parsed(item, holidays.drop) is False:
            site.report.warning(item, f"no holiday in {base.text} anyway")
    for item in own.items("add"):
        own.parsed(item, holidays.add)
    if not holidays.are_known:
        site.report.warning(base, f"no holidays of {base.text} are known for this year and the next two; add them")
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
    kinds = (("counted here", days.counted, "without"), ("not counted here", days.left_out, "add"))
    days_in_parts = "; ".join(f"{', '.join(names)} ({state})" for state, names, _ in kinds if names)
    write = ", ".join(f"{key}: [{names[0]}]" for _, names, key in kinds if names)
    report.warning(
        base,
        f"holidays in parts of {base.text} only: {days_in_parts}; for your municipality write "
        f"{{base: {base.text}, {write}}}, or add: [] to leave it so",
    )
