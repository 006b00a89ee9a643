"""What those who look after the store need of a configuration: faults elsewhere in the file keep nobody from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from vipgate_fs.config.gates import StepSettings
from vipgate_fs.config.model import Site, Store
from vipgate_fs.config.reading import Reader
from vipgate_fs.config.site import read_site
from vipgate_fs.config.store import read_lockout, read_store
from vipgate_fs.document import schema
from vipgate_fs.document.findings import Finding, Report
from vipgate_fs.document.nodes import Mapping as MappingNode
from vipgate_fs.document.nodes import parse
from vipgate_fs.gate.lockout import Lockout
from vipgate_fs.identify.vault import VaultSlot

_SECTIONS = ("site", "store")


@dataclass(frozen=True, slots=True)
class Essentials:
    """The part of a configuration that concerns its store.

    Attributes:
        path: of the file.
        gates: the limits of all gates, by their names.
        guest_gates: names of those that ask for guest PINs.
    """

    path: Path
    site: Site
    store: Store
    gates: Mapping[str, Lockout]
    guest_gates: tuple[str, ...]


def load_essentials(path: Path) -> tuple[Essentials | None, tuple[Finding, ...]]:
    """Read them; None and the errors when the file is no YAML, or its site or store are wrong.

    Raises:
        OSError: when it can't be read.
    """
    report = Report(str(path))
    root = parse(path.read_bytes(), report)
    if root is not None:
        schema.check(root, report)
    if not isinstance(root, MappingNode):
        return None, report.findings
    reader = Reader(report)
    site = read_site(root.mapping("site"), reader)
    slot = VaultSlot()
    whole = StepSettings(root, None, "", site.plan, site.number_format, path.parent, report, site.calendar, slot)
    store = Store(None) if _errors(report) else read_store(whole)
    if errors := _errors(report):
        return None, errors
    gates = {name: node for name, node in root.mapping("gates").nodes.items() if isinstance(node, MappingNode)}
    limits = {name: read_lockout(node.mapping("lockout"), reader) for name, node in gates.items()}
    return Essentials(path, site, store, limits, tuple(name for name, node in gates.items() if _asks_guests(node))), ()


def _errors(report: Report) -> tuple[Finding, ...]:
    errors = (found for found in report.findings if found.severity == "error")
    return tuple(found for found in errors if found.path.partition(".")[0] in _SECTIONS)


def _asks_guests(gate: MappingNode) -> bool:
    return any(isinstance(step, MappingNode) and "guest_pin" in step.keys for step in gate.items("identify"))
