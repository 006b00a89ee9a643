"""FusionPBX: rows that it leaves out in silence, and dialplans that it has kept from before there was a gate."""

from __future__ import annotations

from collections.abc import Iterator

from vipgate_fs.dialplan.layout import OWN
from vipgate_fs.doctor.facts import Facts
from vipgate_fs.doctor.finding import Finding, Mistake, Severity
from vipgate_fs.doctor.fusionpbx import FusionPbx, Row

UNREADABLE = Mistake(
    "fusionpbx-not-asked",
    Severity.UNKNOWN,
    "FusionPBX is installed here, and can't be asked: {why}",
    "Its dialplan is in its database: whether a call meets the gate stays unknown.",
    "run this as root, who can read /etc/fusionpbx/config.conf",
)
NO_ROW = Mistake(
    "fusionpbx-row-missing",
    Severity.CRITICAL,
    "no enabled row of FusionPBX's dialplan leads to a gate",
    "No caller is asked: every call goes to its destination.",
    "vipgate dialplan --format fusionpbx > /root/vipgate.sql, and on as docs/fusionpbx.md has it",
)
OF_DOMAIN = Mistake(
    "fusionpbx-row-domain",
    Severity.CRITICAL,
    "FusionPBX's row {name} belongs to a domain",
    "In the mode single, FusionPBX leaves it out without a word: calls go round the gate.",
    "UPDATE v_dialplans SET domain_uuid = NULL WHERE dialplan_name LIKE 'vipgate%'; then rm -f {folder}/dialplan.*",
)
EMPTY = Mistake(
    "fusionpbx-row-empty",
    Severity.CRITICAL,
    "FusionPBX's row {name} has no dialplan in it",
    "Somebody has saved it in Dialplan Manager, which writes it anew of details that are not there.",
    "vipgate dialplan --format fusionpbx > /root/vipgate.sql, and on as docs/fusionpbx.md has it",
)
STALE = Mistake(
    "fusionpbx-cache-stale",
    Severity.CRITICAL,
    "FusionPBX has kept dialplans without the gate: {files}",
    "It never looks for a newer one: those calls go round the gate.",
    "rm -f {folder}/dialplan.*",
)


def check(facts: Facts) -> Iterator[Finding]:
    """The gate's rows are there, whole and of no domain, and the cache knows them."""
    if facts.why_no_fusionpbx:
        yield UNREADABLE(why=facts.why_no_fusionpbx)
    fusion = facts.fusionpbx
    if fusion is None:
        return
    ours = [row for row in fusion.rows if row.name.startswith(OWN)]
    for row in ours:
        if row.of_domain:
            yield OF_DOMAIN(name=row.name, folder=fusion.cache_folder)
        if not row.written.strip():
            yield EMPTY(name=row.name)
    if not any(map(_asks, fusion.rows)):
        yield NO_ROW()
    elif stale := list(_stale(fusion)):
        yield STALE(files=", ".join(stale[:5]), folder=fusion.cache_folder)


def _asks(row: Row) -> bool:
    return 'application="socket"' in row.written


def _stale(fusion: FusionPbx) -> Iterator[str]:
    """Files of contexts whose rows lead to a gate, and that do not."""
    for name, kept in fusion.cache.items():
        context = name.removeprefix("dialplan.")
        leading = {row.context for row in fusion.rows if _asks(row)}
        asked = any(context == each or context.startswith(f"{each}.") for each in leading)
        if asked and "socket" not in kept:
            yield name
