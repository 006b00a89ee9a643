"""`site.holidays`: a country or a part of one, and what a site adds and leaves out."""

from __future__ import annotations

from vipgate_fs.config.reading import Reader
from vipgate_fs.document.nodes import Mapping, Scalar
from vipgate_fs.gate.holidays import Holidays


def read_holidays(site: Mapping, country: str, reader: Reader) -> Holidays | None:
    """The site's public holidays; None when none are configured, or the base is wrong.

    Args:
        site: the node of `site`.
        country: the site's, ISO 3166-1.
        reader: takes what is wrong.
    """
    own = site.mapping("holidays")
    base = own.scalar("base") or site.scalar("holidays")
    holidays = reader.parsed(base, Holidays, None)
    if base is None or holidays is None:
        return None
    if "-" not in base.text and base.text != country:
        what = f"{base.text} is another country than {country}; a part is written {country}-{base.text}"
        reader.report.warning(base, what)
    for item in own.items("without"):
        if isinstance(item, Scalar) and reader.parsed(item, holidays.drop, default=True) is False:
            reader.report.warning(item, f"no holiday in {base.text} anyway")
    for item in own.items("add"):
        if isinstance(item, Scalar):
            reader.parsed(item, holidays.add, None)
    if not own.keys.keys() & {"add", "without"}:
        _warn_of_days_in_parts(holidays, base, reader)
    return holidays


def _warn_of_days_in_parts(holidays: Holidays, base: Scalar, reader: Reader) -> None:
    if (days := holidays.in_parts) is None:
        return
    kinds = (("counted here", days.counted, "without"), ("not counted here", days.left_out, "add"))
    told = "; ".join(f"{', '.join(names)} ({state})" for state, names, _ in kinds if names)
    write = ", ".join(f"{key}: [{names[0]}]" for _, names, key in kinds if names)
    reader.report.warning(
        base,
        f"holidays in parts of {base.text} only: {told}; for your municipality write "
        f"{{base: {base.text}, {write}}}, or add: [] to leave it so",
    )
