"""`gates`: each with its targets, its steps, and its treatment of callers."""

from __future__ import annotations

from collections.abc import Iterator

from vipgate_fs import identify
from vipgate_fs.config.overlaps import Claim
from vipgate_fs.config.sounds import Sounds
from vipgate_fs.config.store import read_lockout
from vipgate_fs.document.findings import did_you_mean
from vipgate_fs.document.section import Section
from vipgate_fs.gate.doubts import doubt
from vipgate_fs.gate.gate import BUSY, Activation, Gate, Prompts, Protects, Rejection, Route, Timing
from vipgate_fs.gate.numbers import folded
from vipgate_fs.gate.schedules import Schedule
from vipgate_fs.gate.site import Site
from vipgate_fs.gate.step import Step
from vipgate_fs.gate.targets import NumberPattern
from vipgate_fs.gate.verdict import AskForPin, Verdict
from vipgate_fs.identify import Surroundings
from vipgate_fs.identify.caller_pin import CallerPin
from vipgate_fs.identify.verdicts import verdict
from vipgate_fs.sentences import said, say


class GateReader:
    """Reads gates one by one, with the state they share.

    Attributes:
        claims: everything that the gates read so far protect, but for those that are disabled.
        used: names of the schedules that they use.
    """

    def __init__(self, site: Site, schedules: dict[str, Schedule], sounds: Sounds) -> None:
        self._site = site
        self._schedules = schedules
        self._sounds = sounds
        self.claims: list[Claim] = []
        self.used: set[str] = set()

    def read(self, name: str, section: Section) -> Gate:
        """A gate; invalid parts are left out or have their default."""
        steps = tuple(self._steps(name, section))
        final = next((step for step in steps if step.always_answers), None)
        if final is not None and "otherwise" in section:
            section.report.warning(
                section.keys["otherwise"],
                say(
                    "never reached: {kind} in line {line} always answers; to send wrong PINs somewhere, write "
                    "forward_incorrect in the step, or in the gate",
                    kind=final.kind,
                    line=final.line,
                ),
            )
        otherwise = _verdict(section, "otherwise")
        if not section.node.items("identify") and "otherwise" not in section and section.is_sound:
            section.warn(say("rejects everybody: it has neither a step nor an otherwise"))
        prompts, rejection = self._sound_files(section, steps, otherwise)
        timing = section.section("timing")
        return Gate(
            name=name,
            line=section.line,
            protects=self._protects(name, section.section("protects"), self.claims if section.flag("enabled") else []),
            steps=steps,
            prompts=prompts,
            active=self._active(section.section("active")),
            otherwise=otherwise or verdict(section.default("otherwise")),
            otherwise_line=section.place("otherwise").line if otherwise else None,
            attempts=section.integer("attempts"),
            route=_route(section.section("route")),
            rejection=rejection,
            timing=Timing(timing.duration("first_digit"), timing.duration("next_digit")),
            lockout=read_lockout(section.section("lockout")),
            title=section.find("title", str) or "",
            enabled=section.flag("enabled"),
            targets=identify.read_targets(section),
        )

    def _protects(self, gate: str, section: Section, claims: list[Claim]) -> Protects:
        numbers = []
        for item in section.items("numbers"):
            pattern = section.parsed(item, lambda text: NumberPattern.parse(text, self._site.plan))
            if pattern is not None:
                numbers.append((pattern, item.line))
                claims.append(Claim(gate, "number", pattern, item))
                if why := doubt(item.text, self._site.plan):
                    section.report.warning(item, said(why))
        names: dict[str, dict[str, int]] = {"users": {}, "groups": {}}
        for kind, lines in names.items():
            for item in section.items(kind):
                name = section.parsed(item, self._with_domain)
                if name is not None:
                    lines.setdefault(name, item.line)
                    claims.append(Claim(gate, kind.removesuffix("s"), NumberPattern.exactly(name), item))
        return Protects(tuple(numbers), **names)

    def _with_domain(self, name: str) -> str:
        """A name of the directory as it is found there: where there are several domains, always with one."""
        if self._site.domain_variable is None or "@" in name:
            return name
        if self._site.domain is None:
            raise ValueError(
                say("found {name}, which every domain may have; write {name}@DOMAIN, or set site.domain", name=name)
            )
        return f"{name}@{self._site.domain}"

    def _active(self, section: Section) -> Activation | None:
        for key in ("during", "outside"):
            schedule = section.find(key, self._schedule)
            if schedule is not None:
                self.used.add(schedule.name)
                return Activation(schedule, key == "outside", section.keys[key].line)
        return None

    def _schedule(self, name: str) -> Schedule:
        if name in self._schedules:
            return self._schedules[name]
        known = ", ".join(self._schedules) or say("none, because schedules is empty")
        raise ValueError(
            say(
                "unknown schedule {name}{hint}; allowed: {known}",
                name=name,
                hint=did_you_mean(name, self._schedules),
                known=known,
            )
        )

    def _steps(self, gate: str, section: Section) -> Iterator[Step]:
        final: Step | None = None
        for item in section.sections("identify"):
            for kind in item.keys if item.is_sound else ():
                written = item.section(kind)
                around = Surroundings(gate, self._site, _verdict(written, "on_failure"))
                step = identify.build(kind, written, around)
                if final is not None:
                    item.error(
                        say("never reached: {kind} in line {line} always answers", kind=final.kind, line=final.line)
                    )
                if step.always_answers:
                    final = final or step
                yield step

    def _sound_files(
        self, section: Section, steps: tuple[Step, ...], otherwise: Verdict | None
    ) -> tuple[Prompts, Rejection]:
        kind = section.text("reject_with")
        verdicts = (otherwise, *(step.on_failure for step in steps))
        asks = bool(steps) or any(isinstance(item, AskForPin) for item in verdicts)
        used = {
            "welcome": asks,
            "wrong_pin": asks,
            "customer_number": any(isinstance(step, CallerPin) and step.by == "entered_id" for step in steps),
            "rejected": kind == "announcement",
        }
        prompts = section.section("prompts")
        paths = {name: self._sounds.path(prompts, name, used=used[name]) for name in used}
        rejected = paths.pop("rejected")
        code = int(kind) if kind.isdecimal() else BUSY
        return Prompts(**paths), Rejection(code, rejected if used["rejected"] else None)


def _route(section: Section) -> Route:
    """Where calls go on. Of the dialplan that we ship, the context `vipgate` leads to the gate."""
    route = Route(section.text("dialplan"), section.text("context"))
    if route.dialplan.lower() == "inline":
        section.error(
            say(
                "inline runs the called number as an application instead of calling it; "
                "allowed: a dialplan that looks numbers up, such as XML"
            ),
            "dialplan",
        )
    if folded(route.context) == "vipgate":
        section.report.warning(
            section.place("context"),
            say(
                "calls begin in this context on their way to the gate, unless you have printed the dialplan with "
                "another --entry: they would come back to it again and again"
            ),
        )
    return route


def _verdict(section: Section, key: str) -> Verdict | None:
    """The verdict written there; None if there is none or it is invalid."""
    if key not in section or not section.report.is_sound(section.place(key)):
        return None
    written = section.section(key)
    value = written.values
    if "askForPin" in value:
        pin = identify.read_pin(written.section("askForPin"), "expectedPIN")
        if pin is None:
            return None
        value["askForPin"]["expectedPIN"] = pin.reveal()
    try:
        return verdict(value)
    except ValueError as error:
        written.error(said(error))
        return None
