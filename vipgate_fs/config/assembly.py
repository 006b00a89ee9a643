"""From a file's content to a configuration: every check, in the order in which they build on each other."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from vipgate_fs.config.gates import GateReader
from vipgate_fs.config.model import Configuration, Store
from vipgate_fs.config.overlaps import report_overlaps
from vipgate_fs.config.schedules import read_schedules
from vipgate_fs.config.site import read_server, read_site
from vipgate_fs.config.sounds import Sounds
from vipgate_fs.config.store import read_records, read_store
from vipgate_fs.document import schema
from vipgate_fs.document.findings import Report
from vipgate_fs.document.nodes import Mapping, Spot, parse
from vipgate_fs.document.section import Section
from vipgate_fs.gate.gate import Gate
from vipgate_fs.gate.gates import Gates
from vipgate_fs.gate.schedules import HORIZON, Calendar
from vipgate_fs.sentences import say


def assemble(content: bytes, path: Path, report: Report) -> Configuration | None:
    """The configuration, or None when `report` has errors."""
    root = parse(content, report)
    if root is None:
        return None
    schema.check(root, report)
    if not isinstance(root, Mapping):
        return None
    whole = Section.root(root, report)
    site = read_site(whole.section("site"))
    server = read_server(whole.section("server"))
    store_spot = Spot(root.line, root.column, ("store",))
    store = read_store(whole) if report.is_sound(store_spot) else Store(None)
    records = read_records(whole.section("records"))
    schedules = read_schedules(whole.section("schedules"), holidays_known="holidays" in whole.section("site"))
    sounds = Sounds(site.sounds / site.language, whole.section("site").place("sounds"), report)
    reader = GateReader(site, schedules, sounds)
    gates_section = whole.section("gates")
    gates = tuple(
        reader.read(name, gates_section.section(name))
        for name, node in gates_section.node.nodes.items()
        if isinstance(node, Mapping)
    )
    report_overlaps(reader.claims, site.plan, report)
    if store.url is None and report.is_sound(store_spot):
        _refuse_guest_pins(gates_section)
        if server.workers > 1:
            _warn_of_one_time_pins(gates_section)
    if report.has_errors:
        return None
    for name in schedules.keys() - reader.used:
        report.warning(whole.section("schedules").keys[name], say("no gate uses this schedule"))
    _warn_of_idle_schedules(gates, gates_section, site.calendar)
    digest = hashlib.sha256(content).digest()
    return Configuration(path, site, server, Gates(gates, site.plan), store, records, digest)


def _refuse_guest_pins(gates: Section) -> None:
    for name in gates.keys:
        for step in gates.section(name).sections("identify"):
            if "guest_pin" in step:
                step.error_at_key(say("guest PINs are kept in the store, and store is none"), "guest_pin")


def _warn_of_one_time_pins(gates: Section) -> None:
    for name in gates.keys:
        for step in gates.section(name).sections("identify"):
            pins = step.section("caller_pin").section("pins")
            for owner in pins.keys:
                if "totp" in (credential := pins.section(owner)):
                    what = say(
                        "store is none, so each worker accepts a one-time PIN once; let there be a store, or one worker"
                    )
                    credential.warn(what, "totp")


def _warn_of_idle_schedules(gates: Iterable[Gate], section: Section, calendar: Calendar) -> None:
    """Gates that their schedules never let be active, or never let rest."""
    today = calendar.now().date()
    always = cache(lambda schedule: schedule.always(calendar, today))
    never = cache(lambda schedule: not schedule.ever(calendar, today))
    for gate in gates:
        if gate.active is None:
            continue
        schedule = gate.active.schedule
        if always(schedule):
            why = say("{schedule} in line {line} is always on", schedule=schedule.name, line=schedule.line)
        elif never(schedule):
            why = say("{schedule} in line {line} is never on", schedule=schedule.name, line=schedule.line)
        else:
            continue
        active = section.section(gate.name).section("active")
        if always(schedule) == gate.active.outside:
            active.warn(say("never active in the next {days} days: {why}", days=HORIZON, why=why))
        else:
            active.warn(say("always active in the next {days} days: {why}", days=HORIZON, why=why))
