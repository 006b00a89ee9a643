"""The part of a configuration that store commands need; errors elsewhere in the file do not stop them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from vipgate_fs.config.model import Store
from vipgate_fs.config.site import read_site
from vipgate_fs.config.store import read_lockout, read_store
from vipgate_fs.document import schema
from vipgate_fs.document.findings import Finding, Report
from vipgate_fs.document.nodes import Mapping as MappingNode
from vipgate_fs.document.nodes import parse
from vipgate_fs.document.section import Section
from vipgate_fs.document.sources import read_file
from vipgate_fs.gate.lockout import Lockout
from vipgate_fs.gate.site import Site

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
    root = parse(read_file(path).data, report)
    if root is not None:
        schema.check(root, report)
    if not isinstance(root, MappingNode):
        return None, report.findings
    whole = Section.root(root, report)
    site = read_site(whole.section("site"))
    store = Store(None) if _errors(report) else read_store(whole)
    if errors := _errors(report):
        return None, errors
    section = whole.section("gates")
    gates = {name: section.section(name) for name in section.keys}
    limits = {name: read_lockout(gate.section("lockout")) for name, gate in gates.items()}
    guests = tuple(
        name for name, gate in gates.items() if any("guest_pin" in step for step in gate.sections("identify"))
    )
    return Essentials(path, site, store, limits, guests), ()


def _errors(report: Report) -> tuple[Finding, ...]:
    errors = (found for found in report.findings if found.severity == "error")
    return tuple(found for found in errors if found.path.partition(".")[0] in _SECTIONS)
