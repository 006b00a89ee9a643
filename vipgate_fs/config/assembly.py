"""From a file's content to a configuration: every check, in the order in which they build on each other."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable
from pathlib import Path

from vipgate_fs.config.gates import GateReader, StepSettings
from vipgate_fs.config.model import Configuration, Store
from vipgate_fs.config.overlaps import report_overlaps
from vipgate_fs.config.reading import Reader
from vipgate_fs.config.schedules import read_schedules
from vipgate_fs.config.site import read_server, read_site
from vipgate_fs.config.sounds import Sounds
from vipgate_fs.config.store import read_records, read_store
from vipgate_fs.document import schema
from vipgate_fs.document.findings import Report
from vipgate_fs.document.nodes import Mapping, Spot, parse
from vipgate_fs.gate.gate import Gate
from vipgate_fs.gate.schedules import Calendar
from vipgate_fs.identify.vault import VaultSlot


def assemble(content: bytes, path: Path, report: Report) -> Configuration | None:
    """The configuration, or None when `report` has errors."""
    root = parse(content, report)
    if root is None:
        return None
    schema.check(root, report)
    if not isinstance(root, Mapping):
        return None
    reader = Reader(report)
    site_node, schedules_node, gates_node = (root.mapping(key) for key in ("site", "schedules", "gates"))
    site = read_site(site_node, reader)
    server = read_server(root.mapping("server"), reader)
    slot = VaultSlot()
    whole = StepSettings(root, None, "", site.plan, site.number_format, path.parent, report, site.calendar, slot)
    store_spot = Spot(root.line, root.column, ("store",))
    store = read_store(whole) if report.is_sound(store_spot) else Store(None)
    records = read_records(root.mapping("records"), reader)
    schedules = read_schedules(schedules_node, reader, holidays_known="holidays" in site_node.nodes)
    sounds = Sounds(site.sounds / site.language, site_node.scalar("sounds") or site_node, report)
    gate_reader = GateReader(site, schedules, sounds, reader, slot)
    gates = tuple(gate_reader.read(name, node) for name, node in gates_node.nodes.items() if isinstance(node, Mapping))
    report_overlaps(gate_reader.claims, report)
    if store.url is None and report.is_sound(store_spot):
        _refuse_guest_pins(gates_node, report)
    if report.has_errors:
        return None
    for name in schedules.keys() - gate_reader.used:
        report.warning(schedules_node.keys[name], "no gate uses this schedule")
    _warn_of_inactive(gates, gates_node, site.calendar, report)
    digest = hashlib.sha256(content).digest()
    return Configuration(path, site, server, gates, store, records, slot, digest)


def _refuse_guest_pins(gates: Mapping, report: Report) -> None:
    for gate in gates.nodes.values():
        for step in gate.items("identify") if isinstance(gate, Mapping) else ():
            if isinstance(step, Mapping) and "guest_pin" in step.keys:
                report.error(step.keys["guest_pin"], "guest PINs are kept in the store, and store is none")


def _warn_of_inactive(gates: Iterable[Gate], node: Mapping, calendar: Calendar, report: Report) -> None:
    today = calendar.local(dt.datetime.now(dt.UTC)).date()
    for gate in gates:
        if gate.active is None:
            continue
        schedule = gate.active.schedule
        if schedule.always(calendar, today) if gate.active.outside else not schedule.ever(calendar, today):
            state = "always" if gate.active.outside else "never"
            place = node.mapping(gate.name).mapping("active")
            report.warning(place, f"never active: {schedule.name} in line {schedule.line} is {state} on")
