"""Changes in plain sentences, and as data for programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from shlex import quote
from typing import Any

from vipgate_fs.preview.classes import NumberClasses
from vipgate_fs.preview.diff import Change
from vipgate_fs.preview.fates import differing
from vipgate_fs.preview.parties import Party, described, listed
from vipgate_fs.preview.times import Horizon, Interval, in_words
from vipgate_fs.sentences import NOTHING, Sentence, joined, say


def sentence(change: Change, horizon: Horizon) -> Sentence:
    """Such as: Calls to +49 30 23125* on Fridays 15:30 to 17:00 were asked for a PIN, now get through."""
    when = in_words(change.when, horizon)
    callers = _parties(change.callers, change.of_callers.classes, hides=change.hides)
    return say(
        "Calls to {called}{callers}{when} {difference}.",
        called=_parties(change.called, change.of_called.numbers.classes),
        callers=NOTHING if change.everybody else say(" from {callers}", callers=callers),
        when=say(" {when}", when=when) if when else NOTHING,
        difference=_difference(change),
    )


def example(change: Change, horizon: Horizon) -> dict[str, str]:
    """One call of the class, as `vipgate explain` takes it."""
    called, (caller, written) = change.called[0], _plainest(change)
    shown = {"from": written or "anonymous", "to": called.example or called.parts[0].name}
    shown |= {part.kind: part.name for part in called.parts if part.kind in ("user", "group")}
    if caller.restricted:
        shown["hidden"] = "true"
    return shown | {"at": horizon.at(change.when[0][0]).replace(tzinfo=None).isoformat(timespec="minutes")}


def command(call: dict[str, str]) -> str:
    """The command that explains an example."""
    options = [f"--{key}" if value == "true" else f"--{key} {quote(value)}" for key, value in call.items()]
    return f"vipgate explain {' '.join(options)}"


def as_data(change: Change, horizon: Horizon) -> dict[str, Any]:
    """All of a change, for programs; times are those of the site's clock."""
    return {
        "sentence": sentence(change, horizon),
        "called": [_party(party) for party in change.called],
        "callers": "everybody" if change.everybody else [_party(party) for party in change.callers],
        "when": _moments(change.when, horizon),
        "old": change.old.now,
        "new": change.new.now,
        "differs": differing(change.old, change.new),
        "example": example(change, horizon),
    }


def _difference(change: Change) -> Sentence:
    if change.old.was != change.new.was:
        return say("{was}, now {now}", was=change.old.was, now=change.new.now)
    others = joined(", ", differing(change.old, change.new))
    return say("{now} as before, but with other: {others}", now=change.new.now, others=others)


def _parties(parties: Sequence[Party], classes: NumberClasses, *, hides: bool = False) -> Sentence:
    return listed(list(dict.fromkeys(described(parties, classes, hides=hides))))


def _plainest(change: Change) -> tuple[Party, str]:
    """Who calls in an example, and a number that both files read as theirs: one may call it withheld."""
    parties = sorted(change.callers, key=lambda one: (one.restricted, one.kind == "withheld", one.kind != "others"))
    for one in parties:
        for written in (one.example, one.example.replace("+", "00", 1)):
            if change.of_callers.shown(written) == replace(one, restricted=False):
                return one, written
    return parties[0], parties[0].example


def _party(party: Party) -> dict[str, Any]:
    shown: dict[str, Any] = {"kind": party.kind, "name": party.name, "example": party.example}
    return shown | ({"restricted": True} if party.restricted else {})


@lru_cache(maxsize=128)
def _moments(when: tuple[Interval, ...], horizon: Horizon) -> tuple[dict[str, str], ...]:
    return tuple({"from": _moment(start, horizon), "to": _moment(end, horizon)} for start, end in when)


def _moment(minute: int, horizon: Horizon) -> str:
    return horizon.at(minute).replace(tzinfo=None).isoformat(timespec="minutes")
