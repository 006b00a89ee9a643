"""All that is known before the first check looks at it: what the configuration, the machine and the switch say."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from vipgate_fs.config.model import Configuration
from vipgate_fs.doctor.entries import Entry, entries_of
from vipgate_fs.doctor.fusionpbx import FusionPbx
from vipgate_fs.doctor.machine import Machine
from vipgate_fs.doctor.numbers import samples
from vipgate_fs.doctor.routes import Incoming, incoming_ways
from vipgate_fs.doctor.switch import Profile, Switch
from vipgate_fs.document.findings import Finding as ConfigurationFinding
from vipgate_fs.once import once


@dataclass(frozen=True)
class Facts:
    """What is known.

    Attributes:
        path: of the configuration.
        configuration: None when it can't be used; `findings` say why.
        findings: of `vipgate check`.
        machine: this one.
        switch: None when it was not asked, or can't be.
        why_no_switch: why it can't be asked; "" when it was not to be.
        fusionpbx: None when it is not installed here, or can't be asked.
        why_no_fusionpbx: why it can't be asked; "" when it can, or is not installed.
        trunks: profiles and gateways that calls from outside come through; empty: find out.
        now: Unix time.
    """

    path: Path
    configuration: Configuration | None
    findings: tuple[ConfigurationFinding, ...]
    machine: Machine
    switch: Switch | None = None
    why_no_switch: str = ""
    fusionpbx: FusionPbx | None = None
    why_no_fusionpbx: str = ""
    trunks: tuple[str, ...] = ()
    now: float = field(default_factory=time.time)

    def __post_init__(self) -> None:
        """The dialplan of a FusionPBX is in its database, not in the switch."""
        if self.switch is not None and self.fusionpbx is not None:
            routes = [gate.route.context for gate in self.configuration.gates] if self.configuration else []
            contexts = [entry.context for entry in entries_of(self.switch)]
            dialplan = self.fusionpbx.dialplan([*contexts, *routes])
            object.__setattr__(self, "switch", replace(self.switch, dialplan=dialplan, bindings=()))

    @once
    def entries(self) -> tuple[Entry, ...]:
        """Where calls from outside come in."""
        return entries_of(self.switch, self.trunks) if self.switch else ()

    @once
    def profiles(self) -> tuple[Profile, ...]:
        """The SIP profiles that they come through."""
        return tuple({entry.profile.name: entry.profile for entry in self.entries if entry.profile}.values())

    @once
    def incoming(self) -> tuple[Incoming, ...]:
        """The ways that calls to protected numbers take; none where the switch does not know its dialplan itself."""
        if self.switch is None or self.switch.bindings or self.configuration is None:
            return ()
        return tuple(incoming_ways(self.switch, self.entries, samples(self.configuration)))
