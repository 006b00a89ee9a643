"""FusionPBX's dialplan: rows of its database, which its Lua handler makes a dialplan of for each call.

The switch can't show that dialplan: there is none until a call comes. So it is put together here as the handler does
(FusionPBX's app/switch/…/xml_handler/…/dialplan.lua, branches 4.4 to 5.5).
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, NullPool, create_engine, text

from vipgate_fs.document.sources import read_file
from vipgate_fs.sentences import say
from vipgate_fs.sentences.system import of_file

CONFIG: Final = Path("/etc/fusionpbx/config.conf")
PUBLIC: Final = "public"
_OF_EVERY_DOMAIN: Final = ("${domain_name}", "global")
"""Contexts whose rows follow those of any other context."""
_CONNECT: Final = 5
"""Seconds."""
_ROWS: Final = """
SELECT d.dialplan_context, d.dialplan_name, d.dialplan_order, d.domain_uuid IS NOT NULL, d.dialplan_xml,
       (SELECT min(concat_ws('|', coalesce(to_jsonb(n)->>'destination_prefix', ''),
        coalesce(to_jsonb(n)->>'destination_area_code', ''), n.destination_number))
        FROM v_destinations n WHERE n.dialplan_uuid = d.dialplan_uuid)
FROM v_dialplans d WHERE d.dialplan_enabled::text IN ('true', 't') ORDER BY d.dialplan_order
"""
_SETTING: Final = """
SELECT default_setting_value FROM v_default_settings
WHERE default_setting_category = :category AND default_setting_subcategory = :name
"""
"""Whether it is enabled, the handler does not look at."""
_NO_DIGITS: Final = re.compile(r"[^0-9]")


class Unreadable(Exception):
    """FusionPBX's database can't be read. The text says why, without its password."""


@dataclass(frozen=True, slots=True)
class Row:
    """An enabled row of v_dialplans.

    Attributes:
        of_domain: whether it belongs to a domain.
        written: its dialplan_xml; "": it has none.
        destination: prefix, area code and number of the destination that it was made for, with | between them; None:
            for none.
    """

    context: str
    name: str
    order: int
    of_domain: bool
    written: str
    destination: str | None = None


@dataclass(frozen=True, slots=True)
class FusionPbx:
    """What FusionPBX says.

    Attributes:
        single: whether its default setting destinations/dialplan_mode is `single`.
        called: what it takes for the called number (default setting dialplan/destination), as a condition's field.
        rows: by their order.
        cache: what it has kept of dialplans that it made before, by the file's name.
        cache_folder: where these are.
    """

    single: bool
    called: str
    rows: tuple[Row, ...]
    cache: Mapping[str, str]
    cache_folder: str

    def rows_of(self, context: str) -> list[Row]:
        """The rows that answer for a context, in their order."""
        if context == PUBLIC:
            rows = [row for row in self.rows if row.context == PUBLIC]
            return [row for row in rows if not self.single or not row.of_domain or row.destination is not None]
        others = () if "@" in context else _OF_EVERY_DOMAIN
        return [row for row in self.rows if row.context == context or row.context in others]

    def dialplan(self, contexts: Iterable[str]) -> ET.Element:
        """The dialplan of these contexts and of all that have rows."""
        section = ET.Element("section", name="dialplan")
        for name in dict.fromkeys([*(row.context for row in self.rows), *contexts]):
            rows = self.rows_of(name)
            if name in _OF_EVERY_DOMAIN or not rows:
                continue
            context = ET.SubElement(section, "context", name=name)
            for row in rows:
                context.extend(self._extensions(row))
        return section

    def _extensions(self, row: Row) -> Iterator[ET.Element]:
        with suppress(ET.ParseError):
            for extension in ET.fromstring(f"<rows>{row.written}</rows>").iter("extension"):  # noqa: S314 - the site's own
                if self.single and row.context == PUBLIC and row.destination is not None:
                    *before, number = (_NO_DIGITS.sub("", part) for part in row.destination.split("|"))
                    expression = rf"^\+?{''.join(f'(?:{part})?' for part in before if part)}{number}$"
                    extension.insert(0, ET.Element("condition", field=self.called, expression=expression))
                yield extension


def ask_fusionpbx(config: Path = CONFIG) -> FusionPbx | None:
    """What FusionPBX says; None: it is not installed here. Raises Unreadable."""
    try:
        settings = _settings(read_file(config).data.decode("utf-8", "replace"))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Unreadable(of_file(error, config)) from None
    folder = settings.get("cache.location", "/var/cache/fusionpbx")
    rows, mode, called = _ask_database(settings)
    return FusionPbx(mode == "single", _field(called), tuple(rows), dict(_cached(Path(folder))), folder)


def _field(called: str) -> str:
    name = called.removeprefix("${").removesuffix("}")
    return f"${{{name}}}" if name in ("sip_to_user", "sip_req_user") else "destination_number"


def _settings(written: str) -> dict[str, str]:
    pairs = (line.partition("=") for line in written.splitlines() if not line.lstrip().startswith("#"))
    return {name.strip(): value.strip().strip("'\"") for name, equals, value in pairs if equals}


def _ask_database(settings: Mapping[str, str]) -> tuple[Sequence[Row], str, str]:
    """The rows; how destinations are looked up, and by which number."""

    def setting(name: str) -> str:
        return settings.get(f"database.0.{name}", "")

    password = setting("password")
    port = setting("port")
    url = URL.create(
        "postgresql+psycopg",
        setting("username") or None,
        password or None,
        setting("host") or None,
        int(port) if port.isdigit() else None,
        setting("name") or "fusionpbx",
    )
    engine = create_engine(url, poolclass=NullPool, connect_args={"connect_timeout": _CONNECT})
    try:
        with engine.connect() as connection:
            connection.execute(text("SET TRANSACTION READ ONLY"))
            rows = [_row(*row) for row in connection.execute(text(_ROWS))]
            mode, called = (
                connection.execute(text(_SETTING), {"category": category, "name": name}).scalar() or ""
                for category, name in (("destinations", "dialplan_mode"), ("dialplan", "destination"))
            )
    except Exception as error:  # noqa: BLE001 - a driver may raise anything
        why = " ".join(str(getattr(error, "orig", None) or error).split())
        raise Unreadable(say("its database: {why}", why=why.replace(password, "***") if password else why)) from None
    finally:
        engine.dispose()
    return rows, str(mode), str(called)


def _row(context: Any, name: Any, order: Any, of_domain: Any, written: Any, destination: Any) -> Row:  # noqa: PLR0913, PLR0917
    number = None if destination is None else str(destination)
    return Row(str(context), str(name), int(order or 0), bool(of_domain), str(written or ""), number)


def _cached(folder: Path) -> Iterator[tuple[str, str]]:
    with suppress(OSError):
        for file in sorted(folder.glob("dialplan.*")):
            with suppress(OSError):
                yield file.name, read_file(file).data.decode("utf-8", "replace")
