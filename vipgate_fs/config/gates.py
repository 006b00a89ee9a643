"""`gates`: each with its targets, its steps, and its ways to treat the caller."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

from vipgate_fs import identify
from vipgate_fs.config.model import Site
from vipgate_fs.config.overlaps import Claim
from vipgate_fs.config.reading import Reader
from vipgate_fs.config.sounds import Sounds
from vipgate_fs.config.store import read_lockout
from vipgate_fs.document.findings import Report, did_you_mean
from vipgate_fs.document.nodes import Mapping, Node, Scalar, find
from vipgate_fs.duration import duration
from vipgate_fs.gate.doubts import doubt
from vipgate_fs.gate.gate import BUSY, Activation, Gate, Prompts, Protects, Rejection, Route, Step, Timing
from vipgate_fs.gate.numbers import NumberPlan
from vipgate_fs.gate.schedules import Calendar, Schedule
from vipgate_fs.gate.targets import NumberPattern
from vipgate_fs.gate.verdict import AskForPin, Reject, Verdict
from vipgate_fs.identify.caller_pin import CallerPin
from vipgate_fs.identify.vault import VaultSlot
from vipgate_fs.identify.verdicts import verdict

_FIRST_DIGIT: Final = partial(duration, least="1s", most="60s")
_NEXT_DIGIT: Final = partial(duration, least="1s", most="20s")


@dataclass(frozen=True, slots=True)
class StepSettings:
    """See `vipgate_fs.identify.Settings`."""

    node: Mapping
    on_failure: Verdict | None
    gate: str
    plan: NumberPlan
    number_format: str
    folder: Path
    report: Report
    calendar: Calendar
    vault_slot: VaultSlot
    values: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", self.node.value)

    @property
    def line(self) -> int:
        """The step's line."""
        return self.node.line

    def line_of(self, *path: str | int) -> int:
        """The line of a key or an item."""
        return self._key(path).line

    def error_at_key(self, message: str, *path: str | int) -> None:
        """Report an error at a key."""
        self.report.error(self._key(path), message)

    def error(self, message: str, *path: str | int) -> None:
        """Report an error at a value."""
        self.report.error(self._value(path), message)

    def error_in(self, file: Path, line: int, message: str, *path: str | int) -> None:
        """Report an error in a file that a value names."""
        self.report.error_in(str(file), line, self._value(path), message)

    def note_secret(self) -> None:
        """Note that a secret is written in the file."""
        self.report.holds_secrets = True

    def warn(self, message: str, *path: str | int) -> None:
        """Report a warning at a value."""
        self.report.warning(self._value(path), message)

    def _value(self, path: Iterable[str | int]) -> Node:
        return find(self.node, path)

    def _key(self, path: tuple[str | int, ...]) -> Node:
        parent = self._value(path[:-1])
        return parent.keys[str(path[-1])] if isinstance(parent, Mapping) else self._value(path)


class GateReader:
    """Reads gates one by one, with what they share.

    Attributes:
        claims: everything that the gates read so far protect.
        used: names of the schedules that they use.
    """

    def __init__(
        self, site: Site, schedules: dict[str, Schedule], sounds: Sounds, reader: Reader, slot: VaultSlot
    ) -> None:
        self._site = site
        self._schedules = schedules
        self._sounds = sounds
        self._reader = reader
        self._report = reader.report
        self._vault_slot = slot
        self.claims: list[Claim] = []
        self.used: set[str] = set()

    def read(self, name: str, node: Mapping) -> Gate:
        """A gate; what is wrong in it is left out or has its default."""
        steps = tuple(self._steps(name, node))
        final = next((step for step in steps if step.always_answers), None)
        if final is not None and "otherwise" in node.nodes:
            self._report.warning(
                node.keys["otherwise"],
                f"never reached: {final.kind} in line {final.line} always answers; to send wrong PINs somewhere, "
                "write askForPin with forwardIncorrectPIN here, and no such step",
            )
        otherwise = self._verdict(name, node, "otherwise")
        if not node.items("identify") and "otherwise" not in node.nodes and self._report.is_sound(node):
            self._report.warning(node, "rejects everybody: it has neither a step nor an otherwise")
        prompts, rejection = self._sound_files(node, steps, otherwise)
        route, timing = node.mapping("route"), node.mapping("timing")
        return Gate(
            name=name,
            line=node.line,
            protects=self._protects(name, node.mapping("protects")),
            steps=steps,
            prompts=prompts,
            active=self._active(node.mapping("active")),
            otherwise=otherwise or Reject(),
            otherwise_line=node.nodes["otherwise"].line if otherwise else None,
            attempts=self._reader.value(node, "attempts", int, 3),
            route=Route(
                self._reader.value(route, "dialplan", str, Route().dialplan),
                self._reader.value(route, "context", str, Route().context),
            ),
            rejection=rejection,
            timing=Timing(
                self._reader.value(timing, "first_digit", _FIRST_DIGIT, Timing().first_digit),
                self._reader.value(timing, "next_digit", _NEXT_DIGIT, Timing().next_digit),
            ),
            lockout=read_lockout(node.mapping("lockout"), self._reader),
        )

    def _protects(self, gate: str, node: Mapping) -> Protects:
        numbers = []
        for item in _scalars(node, "numbers"):
            pattern = self._reader.parsed(item, lambda text: NumberPattern.parse(text, self._site.plan), None)
            if pattern is not None:
                numbers.append((pattern, item.line))
                self.claims.append(Claim(gate, "number", pattern, item))
                if why := doubt(item.text, self._site.plan):
                    self._report.warning(item, str(why))
        names: dict[str, dict[str, int]] = {"users": {}, "groups": {}}
        for kind, lines in names.items():
            for item in _scalars(node, kind):
                lines.setdefault(item.text, item.line)
                self.claims.append(Claim(gate, kind.removesuffix("s"), NumberPattern.exactly(item.text), item))
        return Protects(tuple(numbers), **names)

    def _active(self, node: Mapping) -> Activation | None:
        for key in ("during", "outside"):
            schedule = self._reader.value(node, key, self._schedule, None)
            if schedule is not None:
                self.used.add(schedule.name)
                return Activation(schedule, key == "outside", node.keys[key].line)
        return None

    def _schedule(self, name: str) -> Schedule:
        if name in self._schedules:
            return self._schedules[name]
        known = ", ".join(self._schedules) or "none, because schedules is empty"
        raise ValueError(f"unknown schedule {name}{did_you_mean(name, self._schedules)}; allowed: {known}")

    def _steps(self, gate: str, node: Mapping) -> Iterator[Step]:
        final: Step | None = None
        for item in node.items("identify"):
            if not isinstance(item, Mapping):
                continue
            for kind in item.nodes if self._report.is_sound(item) else ():
                step = self._step(gate, kind, item.mapping(kind))
                if final is not None:
                    self._report.error(item, f"never reached: {final.kind} in line {final.line} always answers")
                if step.always_answers:
                    final = final or step
                yield step

    def _step(self, gate: str, kind: str, node: Mapping) -> Step:
        return identify.build(kind, self._settings(gate, node, self._verdict(gate, node, "on_failure")))

    def _settings(self, gate: str, node: Mapping, on_failure: Verdict | None = None) -> StepSettings:
        site, folder = self._site, Path(self._report.file).parent
        return StepSettings(
            node, on_failure, gate, site.plan, site.number_format, folder, self._report, site.calendar, self._vault_slot
        )

    def _verdict(self, gate: str, parent: Mapping, key: str) -> Verdict | None:
        node = parent.mapping(key)
        if key not in parent.nodes or not self._report.is_sound(node):
            return None
        value = node.value
        if "askForPin" in value:
            pin = identify.read_pin(self._settings(gate, node), "askForPin", "expectedPIN")
            if pin is None:
                return None
            value["askForPin"]["expectedPIN"] = pin.reveal()
        try:
            return verdict(value)
        except ValueError as error:
            self._report.error(node, str(error))
            return None

    def _sound_files(
        self, node: Mapping, steps: tuple[Step, ...], otherwise: Verdict | None
    ) -> tuple[Prompts, Rejection]:
        kind = self._reader.value(node, "reject_with", str, "busy")
        verdicts = (otherwise, *(step.on_failure for step in steps))
        asks = bool(steps) or any(isinstance(item, AskForPin) for item in verdicts)
        used = {
            "welcome": asks,
            "wrong_pin": asks,
            "customer_number": any(isinstance(step, CallerPin) and step.by == "entered_id" for step in steps),
            "rejected": kind == "announcement",
        }
        prompts = node.mapping("prompts")
        paths = {name: self._sounds.path(prompts, name, self._reader, used=used[name]) for name in used}
        rejected = paths.pop("rejected")
        code = int(kind) if kind.isdecimal() else BUSY
        return Prompts(**paths), Rejection(code, rejected if used["rejected"] else None)


def _scalars(node: Mapping, key: str) -> Iterator[Scalar]:
    return (item for item in node.items(key) if isinstance(item, Scalar))
