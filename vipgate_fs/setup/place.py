"""Where this machine is, as far as it knows: what a first configuration begins with."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import phonenumbers

from vipgate_fs import config
from vipgate_fs.timezones import names

_ZONES: Final = (Path("/usr/share/zoneinfo/zone.tab"),)
_COUNTRY_OF: Final = {"de": "DE", "en": "US"}


def country_of(numbers: tuple[str, ...], zone: str | None, language: str) -> str:
    """ISO 3166-1: of the first number that begins with +, else of the machine's time zone, else of the language."""
    for number in numbers:
        if number.startswith("+"):
            try:
                code = phonenumbers.parse(f"{number.rstrip('*?')}0000000").country_code
            except phonenumbers.NumberParseException:
                continue
            region = phonenumbers.region_code_for_country_code(code or 0)
            if len(region) == 2 and region.isalpha():  # noqa: PLR2004 - "001" is everywhere, "ZZ" nowhere
                return region
    found = next((country for country, name in _zones() if name == zone), None)
    return found or _COUNTRY_OF[language]


def timezone_of(country: str, zone: str | None) -> str:
    """The machine's time zone if it is one of the country's, else the country's first: servers often run in UTC."""
    own = [name for each, name in _zones() if each == country]
    if zone in own:
        return str(zone)
    return next((name for name in own if name in names()), zone or "Europe/Berlin")


def holidays_of(country: str) -> str | None:
    """The country's public holidays, if they are known and the same in all of it."""
    text = f"version: 1\nstore: none\nsite: {{country: {country}, holidays: {country}}}\ngates: {{}}\n"
    doubts = [found for found in config.load_text(text).findings if found.path.startswith("site.holidays")]
    return None if doubts else country


def machines_zone(link: Path = Path("/etc/localtime")) -> str | None:
    """The IANA name of the machine's time zone; None: it does not say."""
    try:
        _, _, name = str(link.resolve()).partition("zoneinfo/")
    except OSError:
        return None
    return name if name in names() else None


def _zones() -> list[tuple[str, str]]:
    """Countries and their time zones, the most populous first, as the tz database lists them."""
    for path in _ZONES:
        try:
            rows = [line.split("\t") for line in path.read_text("utf-8").splitlines() if not line.startswith("#")]
        except OSError:
            continue
        return [(row[0], row[2]) for row in rows if len(row) > 2]  # noqa: PLR2004 - country, place, name
    return [("DE", "Europe/Berlin"), ("AT", "Europe/Vienna"), ("CH", "Europe/Zurich"), ("GB", "Europe/London")]
