"""`vipgate diff` names every class of calls whose fate changes, and no other: held to brute force."""

import os

import pytest
from preview import pairs

from vipgate_fs.preview.diff import Party, compare
from vipgate_fs.preview.sentences import sentence
from vipgate_fs.preview.times import Horizon

SEEDS = range(int(os.environ.get("VIPGATE_PAIRS", "40")))
"""Of the pairs; `make diff-pairs` tries 10,000."""


@pytest.mark.parametrize("seed", SEEDS)
def test_what_diff_says_is_what_brute_force_finds(seed):
    if (sides := pairs.pair(seed)) is None:
        return
    old, new = sides
    horizon = Horizon(pairs.FIRST, pairs.DAYS, new.calendar)
    changes = list(compare(old, new, pairs.FIRST, pairs.DAYS))
    skipped = {minute for start, end in horizon.skipped for minute in range(start, end)}
    known = {}
    for called in pairs.CALLED:
        for caller in pairs.CALLERS:
            for minute in pairs.samples():
                if minute in skipped:
                    continue
                said = [change for change in changes if change.covers(called, caller, minute)]
                at = horizon.at(minute)
                fates = []
                for side in sides:
                    key = state(side, called, caller, at)
                    if key not in known:
                        known[key] = pairs.fate(side, called, caller, at)
                    fates.append(known[key])
                if (fates[0] != fates[1]) != bool(said) or len(said) > 1:
                    pytest.fail(f"{called} from {caller!r} at {at}: {[sentence(one, horizon) for one in said]}")


def state(side, called, caller, at):
    """What brute force may remember of: everything that the fate can depend on."""
    found = side.find(Party("number", called, called))
    valid = tuple(
        dated.is_valid(side.calendar.local(at))
        for step in (found.steps if found else ())
        for dated in getattr(step, "dated", ())
    )
    on = found and found.active and found.active.schedule.at(at, side.calendar)[0]
    return id(side), called, caller, on, valid
