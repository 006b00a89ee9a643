"""FusionPBX's rows as SQL for its PostgreSQL: one transaction, the same result however often it runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from vipgate_fs.dialplan.fusionpbx import CACHE, GLOBAL, Detail, Row, app_uuid, details, placeholder, rendered, row_uuid

_ROLES: Final = ("gate", "to-dialable", "to-number", "no-gate")
_OF_A_ROUTE: Final = ("marks", "called-number", "other-target")
_COLUMNS: Final = (
    "domain_uuid, dialplan_uuid, app_uuid, dialplan_context, dialplan_name, dialplan_continue, dialplan_order, "
    "dialplan_enabled, dialplan_description, dialplan_xml"
)
_DETAIL_COLUMNS: Final = (
    "domain_uuid, dialplan_uuid, dialplan_detail_uuid, dialplan_detail_tag, dialplan_detail_type, "
    "dialplan_detail_data, dialplan_detail_inline, dialplan_detail_group, dialplan_detail_order, "
    "dialplan_detail_enabled"
)
_HEAD: Final = f"""\
-- VIPgate's rows in FusionPBX's dialplan, by `vipgate dialplan --format fusionpbx`. Run it as often as you like:
--     psql --set ON_ERROR_STOP=1 fusionpbx < FILE
-- Then empty FusionPBX's cache, or numbers that were called before go on WITHOUT the gate:
--     rm -f {CACHE}                    (or Status > SIP Status > Flush Cache)
"""


def sql(made: tuple[Row, ...], routes: Iterable[str] = ()) -> str:
    """The statements that put rows in the place of those that are there.

    Args:
        made: the rows; none: only take away what is there.
        routes: contexts of passed calls whose rows may be there, too.
    """
    return "".join(
        [_HEAD, "BEGIN;\n", *_domains(made), *_old(made, routes), *map(_insert, made), *_before(made), "COMMIT;\n"]
    )


def _domains(made: tuple[Row, ...]) -> Iterator[str]:
    """Stop before anything is changed if a domain does not exist."""
    for domain in dict.fromkeys(row.domain for row in made if row.domain):
        yield (
            "DO $vipgate$ BEGIN\n"
            f"  IF NOT EXISTS (SELECT 1 FROM v_domains WHERE domain_name = {quoted(domain)}) THEN\n"
            f"    RAISE EXCEPTION 'FusionPBX has no domain %; nothing was changed', {quoted(domain)};\n"
            "  END IF;\n"
            "END $vipgate$;\n"
        )


def _old(made: tuple[Row, ...], routes: Iterable[str]) -> Iterator[str]:
    """Take away all rows of ours, also those that FusionPBX's import has made under UUIDs of its own.

    And all details of ours, also those whose row somebody has deleted without them.
    """
    contexts = dict.fromkeys([*routes, *(row.context for row in made if " " in row.role)])
    roles = [*_ROLES, *(f"{role} {context}" for context in contexts for role in _OF_A_ROUTE)]
    listed = ", ".join(quoted(app_uuid(role)) for role in roles)
    ours = f"app_uuid IN ({listed})"
    these = f"SELECT dialplan_uuid FROM v_dialplans WHERE {ours}"
    rows = ", ".join(quoted(row_uuid(role)) for role in roles)
    yield f"DELETE FROM v_dialplan_details WHERE dialplan_uuid IN ({these}) OR dialplan_uuid IN ({rows});\n"
    yield f"DELETE FROM v_dialplans WHERE {ours};\n"


def _insert(row: Row) -> str:
    values = [
        "NULL",
        *map(quoted, (row.uuid, row.app_uuid, row.context, row.extension.name)),
        quoted("true" if row.extension.continues else "false"),
        str(row.order),
        quoted("true"),
        quoted(row.description),
        _with_uuid(rendered(row), row.domain),
    ]
    made = ",\n".join(f"({', '.join(_detail(row, number, each))})" for number, each in enumerate(details(row)))
    return (
        f"INSERT INTO v_dialplans ({_COLUMNS})\nVALUES ({', '.join(values)});\n"
        f"INSERT INTO v_dialplan_details ({_DETAIL_COLUMNS})\nVALUES\n{made};\n"
    )


def _detail(row: Row, number: int, detail: Detail) -> list[str]:
    return [
        "NULL",
        *map(quoted, (row.uuid, row.detail_uuid(number), detail.tag, detail.type)),
        _with_uuid(detail.data, row.domain),
        "NULL" if detail.inline is None else quoted(detail.inline),
        str(detail.group),
        str(detail.order),
        quoted("true"),
    ]


def _before(made: tuple[Row, ...]) -> Iterator[str]:
    """Warn of rows that stand before the gate, and so may answer a call that it should see."""
    for row in made:
        if row.role == "gate" and row.context != GLOBAL:
            ours = ", ".join(quoted(each.app_uuid) for each in made)
            yield (
                "DO $vipgate$ DECLARE other record; BEGIN\n"
                "  FOR other IN SELECT dialplan_name, dialplan_order FROM v_dialplans\n"
                f"    WHERE dialplan_context = {quoted(row.context)} AND dialplan_enabled = 'true'\n"
                f"    AND dialplan_order <= {row.order} AND (dialplan_order > 10 OR domain_uuid IS NOT NULL)\n"
                f"    AND (app_uuid IS NULL OR app_uuid NOT IN ({ours})) LOOP\n"
                "    RAISE WARNING 'the row % (order %) stands before the gate: calls that it takes go round it',\n"
                "      other.dialplan_name, other.dialplan_order;\n"
                "  END LOOP;\n"
                "END $vipgate$;\n"
            )


def _with_uuid(text: str, domain: str) -> str:
    """A text in which the domain's UUID, which only the database knows, takes its place."""
    mark = placeholder(domain)
    if not mark or mark not in text:
        return quoted(text)
    found = f"(SELECT domain_uuid::text FROM v_domains WHERE domain_name = {quoted(domain)})"
    return f"replace({quoted(text)}, {quoted(mark)}, {found})"


def quoted(text: str) -> str:
    """A text as a literal that PostgreSQL reads the same whatever `standard_conforming_strings` says."""
    inner = text.replace("'", "''")
    return f"'{inner}'" if "\\" not in inner else "E'" + inner.replace("\\", "\\\\") + "'"
