"""`vipgate diff` names every class of calls whose fate changes, and no other: held to brute force."""

import datetime as dt
import os

import pytest
from preview import pairs

from vipgate_fs.gate.call import WITHHELD
from vipgate_fs.preview.diff import compare
from vipgate_fs.preview.parties import Party
from vipgate_fs.preview.sentences import example, sentence
from vipgate_fs.preview.times import Horizon

OVERLOOKED = (121, 211, 302, 519, 572, 597, 1349, 3110, 3251, 7438, 9143, 9791)
"""Pairs that once found something."""
SEEDS = sorted({*range(int(os.environ.get("VIPGATE_PAIRS", "12"))), *OVERLOOKED})
"""Of the pairs; `make diff-pairs` tries 10,000."""
OF_USERS = ("7001", "7010", "8000")
"""Called numbers that are tried as those of users and groups, too."""


@pytest.mark.parametrize("seed", SEEDS)
def test_what_diff_says_is_what_brute_force_finds(seed):
    if (sides := pairs.pair(seed)) is None:
        return
    old, new = sides
    horizon = Horizon(pairs.FIRST, pairs.DAYS, new.calendar)
    changes = list(compare(old, new, pairs.FIRST, pairs.DAYS))
    skipped = {minute for start, end in horizon.skipped for minute in range(start, end)}
    fates = Fates(sides)
    minutes = [(minute, horizon.at(minute)) for minute in pairs.samples() if minute not in skipped]
    for call, called, hides in calls(changes):
        ours = [change for change in changes if is_of(change, call, called, hides=hides)]
        for minute, at in minutes:
            said = [change for change in ours if change.is_on(minute)]
            before, after = fates.at(call, at)
            if (before != after) != bool(said) or len(said) > 1:
                what = [sentence(one, horizon) for one in said]
                pytest.fail(f"{called} from {call.caller!r} at {at}: {what}")
    for change in changes:
        confirm(change, fates, horizon)


@pytest.mark.parametrize("seed", SEEDS)
def test_numbers_that_the_files_read_differently_are_what_brute_force_finds(seed):
    if (sides := pairs.read_differently(seed)) is None:
        return
    horizon = Horizon(pairs.FIRST, 1, sides[1].calendar)
    changes = list(compare(*sides, pairs.FIRST, 1))
    fates = Fates(sides)
    trunks = [side.configuration.site.trunk for side in sides]
    for dialled in pairs.WRITTEN_CALLED:
        for shown in pairs.WRITTEN:
            called = tuple(trunk.canonical(dialled) for trunk in trunks)
            caller = tuple(trunk.caller(shown) for trunk in trunks)
            ours = [
                change
                for change in changes
                if change.of_called.party(called) in change.called and change.caller(caller) in change.callers
            ]
            for minute in (0, 600):
                said = [change for change in ours if change.is_on(minute)]
                found = [
                    fates.at_one(
                        side, pairs.call_of(called[place], (), caller[place], dialled=dialled), horizon.at(minute)
                    )
                    for place, side in enumerate(sides)
                ]
                if (found[0] != found[1]) != bool(said) or len(said) > 1:
                    what = [sentence(one, horizon) for one in said]
                    pytest.fail(f"{dialled} {called} from {shown!r} {caller} at {minute}: {what}")
    for change in changes:
        confirm(change, fates, horizon)


def is_of(change, call, called, *, hides):
    return (
        change.of_called.party((called[0], called[0]), called[1]) in change.called
        and change.caller((call.caller, call.caller), restricted=hides) in change.callers
    )


def calls(changes):
    """Every call that is tried, whom it is to, and whether the caller hides their number."""
    hiding = (False, True) if any(change.hides for change in changes) else (False,)
    for called in pairs.CALLED:
        for names in pairs.NAMES if called in OF_USERS else [()]:
            parties = [Party(kind, name, name if kind == "user" else "") for kind, name in map(str.split, names)]
            for caller in pairs.CALLERS:
                for hides in hiding if caller != WITHHELD else (False,):
                    yield pairs.call_of(called, names, caller, hides), (called, parties), hides


def confirm(change, fates, horizon):
    """The example call meets another fate in each file, as `vipgate explain` reads it there."""
    shown = example(change, horizon)
    names = [f"{kind} {shown[kind]}" for kind in ("user", "group") if kind in shown]
    at = dt.datetime.fromisoformat(shown["at"]).replace(tzinfo=horizon.calendar.timezone)
    found = []
    for side in fates.sides:
        trunk = side.configuration.site.trunk
        call = pairs.call_of(
            trunk.canonical(shown["to"]), names, trunk.caller(shown["from"]), "hidden" in shown, shown["to"]
        )
        found.append(pairs.fate(side, call, at))
    assert found[0] != found[1], sentence(change, horizon)


class Fates:
    """What becomes of calls in both files; remembers it by everything that it can depend on."""

    def __init__(self, sides):
        self.sides = sides
        self._known, self._gates, self._on = {}, {}, {}

    def at(self, call, at):
        return [self.at_one(side, call, at) for side in self.sides]

    def at_one(self, side, call, at):
        whose = (id(side), call.called, call.called_users, call.called_groups)
        if whose not in self._gates:
            self._gates[whose] = side.configuration.gates.find(call)
        found = self._gates[whose]
        gate = found[0] if found else None
        local = side.calendar.local(at)
        valid = tuple(
            dated.is_valid(local) for step in (gate.steps if gate else ()) for dated in getattr(step, "dated", ())
        )
        when = (id(side), gate and gate.active and gate.active.schedule.name, at)
        if when not in self._on:
            self._on[when] = gate and gate.active and gate.active.schedule.at(at, side.calendar)[0]
        on = self._on[when]
        key = (id(side), gate and gate.name, call.called, call.dialled, call.caller, call.restricted, on, valid)
        if key not in self._known:
            self._known[key] = pairs.fate(side, call, at)
        return self._known[key]
