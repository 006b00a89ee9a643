"""What is valid in a configuration and can't be meant: what nothing reaches, who gets in unasked, weak PINs.

Everything is a warning, and says what is in the way, in which line. Gates that are disabled are left alone.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from vipgate_fs.config.model import Configuration
from vipgate_fs.document.findings import Finding, Place, Report
from vipgate_fs.document.nodes import Mapping, Scalar, parse
from vipgate_fs.document.section import Section
from vipgate_fs.gate.gate import Gate
from vipgate_fs.gate.number_table import NumberTable
from vipgate_fs.gate.schedules import HORIZON
from vipgate_fs.gate.step import Step
from vipgate_fs.gate.targets import NumberPattern
from vipgate_fs.gate.verdict import AskForPin, Pass, Reject, Verdict
from vipgate_fs.identify.caller_pin import CallerPin
from vipgate_fs.identify.callers import Callers
from vipgate_fs.identify.guest_pin import GuestPin
from vipgate_fs.identify.static_pin import StaticPin
from vipgate_fs.preview import repeats, shadows
from vipgate_fs.preview.classes import NumberClasses, TooManyPatterns
from vipgate_fs.preview.guessing import YEAR, weakest
from vipgate_fs.preview.spans import first_of, idle_spans
from vipgate_fs.preview.times import Horizon, Interval, Timeline, intervals, joined
from vipgate_fs.sentences import Sentence, say

_Target = tuple[Gate, Scalar, NumberPattern]


def findings(configuration: Configuration, content: bytes, now: dt.datetime) -> tuple[Finding, ...]:
    """What can't be meant, in the order of the file.

    Args:
        configuration: that was made of the content, without errors.
        content: of its file.
        now: the time from which on two years are looked at.
    """
    report = Report(str(configuration.path))
    root = parse(content, report)
    assert isinstance(root, Mapping), "it was valid"
    local = configuration.site.calendar.local(now)
    _Meaning(configuration, Section.root(root, report), report, local).check()
    return report.findings


class _Meaning:
    """Reports what can't be meant.

    Args:
        configuration: that is looked at.
        root: its document.
        report: takes what is found.
        now: on the site's clock.
    """

    def __init__(self, configuration: Configuration, root: Section, report: Report, now: dt.datetime) -> None:
        self._gates = [gate for gate in configuration.gates if gate.enabled]
        self._plan = configuration.site.plan
        self._root = root
        self._report = report
        self._now = now
        self._horizon = Horizon(now.date(), HORIZON, configuration.site.calendar)

    def check(self) -> None:
        """Report all of it."""
        self._check_spans()
        self._check_targets()
        for gate in self._gates:
            section = self._root.section("gates").section(gate.name)
            steps = tuple(_written_steps(section))
            shadows.check(gate, steps, self._plan)
            for step, each in zip(gate.steps, steps, strict=True):
                if isinstance(step, Callers):
                    repeats.check(step, each, self._plan)
            self._check_dated_pins(gate, steps)
            self._check_lists(gate, steps)
            self._check_who_gets_in(gate, section)
            self._check_guessing(gate, section, steps)

    # Schedules

    def _check_spans(self) -> None:
        schedules = {gate.active.schedule.name: gate.active.schedule for gate in self._gates if gate.active}
        for schedule in schedules.values():
            written = tuple(self._root.section("schedules").sections(schedule.name))
            for place, why in idle_spans(schedule, self._horizon):
                written[place].warn(why)

    # Numbers

    def _check_targets(self) -> None:
        """Patterns all of whose numbers are protected by more specific ones."""
        table: NumberTable[_Target] = NumberTable(self._plan)
        inner: defaultdict[tuple[int, int], list[_Target]] = defaultdict(list)
        targets = [target for gate in self._gates for target in self._targets(gate)]
        for target in targets:
            table.enter(target[2], target)
        for target in targets:
            for form in target[2].forms:
                for wider in table.covering(form):
                    if wider is not target:
                        inner[wider[1].line, wider[1].column].append(target)
        for _, place, pattern in (target for target in targets if target[2].only is None):
            others = inner[place.line, place.column]
            if others and not self._is_met(pattern, table, place, [other[2] for other in others]):
                by = [say("line {line}", line=line) for line in sorted({other[1].line for other in others})]
                self._report.warning(
                    place,
                    say(
                        "no call is ever for it: all numbers of {pattern} have more specific targets in {by}",
                        pattern=pattern,
                        by=first_of(by),
                    ),
                )

    def _targets(self, gate: Gate) -> Iterator[_Target]:
        places = self._root.section("gates").section(gate.name).section("protects").items("numbers")
        yield from ((gate, place, pattern) for (pattern, _), place in zip(gate.protects.numbers, places, strict=True))

    @staticmethod
    def _is_met(
        pattern: NumberPattern, table: NumberTable[_Target], place: Place, inner: Sequence[NumberPattern]
    ) -> bool:
        """Whether there is a number for which the pattern is the most specific target."""
        try:
            classes = NumberClasses([pattern, *inner])
        except TooManyPatterns:
            return True
        firsts = (found[0].entry for number in classes if (found := table.all(number.example)))
        return any(first[1] is place for first in firsts)

    # Times

    def _check_dated_pins(self, gate: Gate, steps: Sequence[Section]) -> None:
        for step, section in zip(gate.steps, steps, strict=True):
            asked = step.besides if isinstance(step, GuestPin) else step
            if not isinstance(asked, StaticPin) or not asked.dated:
                continue
            active = self._active(gate)
            valid = [self._interval(dated.valid_from, dated.valid_until) for dated in asked.dated]
            for one, when, item in zip(asked.dated, valid, section.sections("pins"), strict=True):
                if gate.active and one.seconds_left(self._now) > 0 and when[0] < when[1] and not _meet(active, when):
                    line = gate.active.line
                    item.warn(
                        say(
                            "never valid while gate {gate} is active (line {line}) within two years",
                            gate=gate.name,
                            line=line,
                        )
                    )
            if asked.pin is None and asked is step and not self._has_another_way(gate, step):
                without = _without(active, [*valid, (0, self._minute_now())])
                if without:
                    section.warn(
                        say(
                            "nobody gets through {when}: no PIN is valid, and gate {gate} is active",
                            when=self._when(without[0]),
                            gate=gate.name,
                        )
                    )

    def _has_another_way(self, gate: Gate, but: Step) -> bool:
        return any(_lets_in(_verdicts_of(step)) for step in gate.steps if step is not but)

    def _active(self, gate: Gate) -> list[Interval]:
        if gate.active is None:
            return [(0, self._horizon.end)]
        timeline, outside = Timeline(gate.active.schedule, self._horizon), gate.active.outside
        found = intervals(self._horizon, timeline.turns, lambda minute: timeline.on(minute) != outside)
        return list(joined(interval for interval, is_active in found if is_active))

    def _interval(self, begin: dt.datetime, end: dt.datetime) -> Interval:
        return self._horizon.minute(begin), self._horizon.minute(end)

    def _minute_now(self) -> int:
        return self._horizon.minute(self._now)

    def _when(self, when: Interval) -> Sentence:
        begin, end = map(self._horizon.at, (when[0], min(when[1], self._horizon.end - 1)))
        if when[1] >= self._horizon.end:
            return say("from {begin:%Y-%m-%d %H:%M} on", begin=begin)
        return say("from {begin:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}", begin=begin, end=end)

    # Who gets in

    def _check_who_gets_in(self, gate: Gate, section: Section) -> None:
        reached = not any(step.always_answers for step in gate.steps)
        last = [gate.otherwise] if reached else []
        verdicts = [*(verdict for step in gate.steps for verdict in _verdicts_of(step)), *last]
        place: Place = section.node
        for key in ("identify", "otherwise"):
            place = section.keys.get(key, place)
        if all(verdict == Pass() for verdict in verdicts):
            self._report.warning(place, say("lets everybody in: no step of this gate keeps anybody out"))
        elif gate.steps and not _lets_in(verdicts):
            self._report.warning(place, say("nobody gets through: no step lets anybody in, nor does otherwise"))
        elif last == [Pass()]:
            self._check_open_end(gate, place, verdicts)

    def _check_lists(self, gate: Gate, steps: Sequence[Section]) -> None:
        """Lists that let in whoever shows a number, unless somebody else is kept out by then: that may be meant."""
        for step, section in zip(gate.steps, steps, strict=True):
            if not {None, Reject()}.isdisjoint(_verdicts_of(step)):
                return
            if not isinstance(step, Callers):
                continue
            says = say("lets in everybody who shows a number")
            for item in section.items("pass"):
                if NumberPattern.parse(item.text, self._plan).fits_everybody:
                    self._report.warning(item, says)
            for pattern, row, _ in step.lists.rows():
                if pattern.fits_everybody:
                    what = say("{file}, line {line}: {what}", file=section.text("file"), line=row, what=says)
                    section.warn(what, "file")

    def _check_open_end(self, gate: Gate, place: Place, verdicts: Iterable[Verdict | None]) -> None:
        """An `otherwise` that lets in whoever is left."""
        doubtful = next((step for step in gate.steps if step.waits and step.on_failure is None), None)
        if doubtful is not None:
            what = say(
                "lets everybody in while {kind} in line {line} fails; write on_failure there",
                kind=doubtful.kind,
                line=doubtful.line,
            )
            self._report.warning(place, what)
        elif None not in verdicts and Reject() not in verdicts:
            self._report.warning(place, say("lets in everybody whom no step knows, and asks only the others for a PIN"))

    def _check_guessing(self, gate: Gate, section: Section, steps: Sequence[Section]) -> None:
        found = weakest(gate, self._now)
        needed = found.digits_needed(gate.lockout) if found else None
        if found is None or needed is None:
            return
        place = next((each.node for step, each in zip(gate.steps, steps, strict=True) if step.line == found.line), None)
        length = min(right.length for right in found.right)
        percent = 100 * found.chance(gate.lockout, YEAR, many=True)
        self._report.warning(
            place or section.place("otherwise"),
            say(
                "a PIN of {digits} digits is guessed within a year with {percent:.3g} %, "
                "one of {needed} with less than 1 % (vipgate audit)",
                digits=length,
                percent=percent,
                needed=needed,
            ),
        )


def _written_steps(gate: Section) -> Iterator[Section]:
    for item in gate.sections("identify"):
        yield from (item.section(kind) for kind in item.keys)


def _verdicts_of(step: Step) -> list[Verdict | None]:
    """What a step may answer; None: anything."""
    if isinstance(step, Callers):
        return [*step.lists.verdicts(), *([step.withheld.verdict] if step.withheld else [])]
    if isinstance(step, CallerPin | StaticPin | GuestPin):
        call = shadows.WITHHELD_CALL
        verdict = step.identify(call) if not isinstance(step, CallerPin) else AskForPin(step.table)
        return [verdict]
    return [None]


def _lets_in(verdicts: Iterable[Verdict | None]) -> bool:
    return any(verdict != Reject() for verdict in verdicts)


def _meet(active: Iterable[Interval], when: Interval) -> bool:
    return any(start < when[1] and when[0] < end for start, end in active)


def _without(active: Iterable[Interval], valid: Iterable[Interval]) -> list[Interval]:
    """The parts of `active` in which nothing is valid."""
    left = list(active)
    for begin, end in valid:
        left = [
            part
            for start, stop in left
            for part in ((start, min(stop, begin)), (max(start, end), stop))
            if part[0] < part[1]
        ]
    return left
