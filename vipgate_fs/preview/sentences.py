"""Changes in plain sentences, and as data for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from vipgate_fs.preview.diff import Change, Party
from vipgate_fs.preview.fates import differing
from vipgate_fs.preview.times import Horizon, in_words

_MOST_PARTIES: Final = 5
"""Numbers that are named in a sentence; the data have all."""


def sentence(change: Change, horizon: Horizon) -> str:
    """Such as: Calls to +49 30 23125* on Fridays 15:30 to 17:00 were asked for a PIN, now pass."""
    callers = "" if change.everybody else f" from {_parties(change.callers)}"
    when = in_words(change.when, horizon)
    return (
        f"Calls to {_parties(change.called, change.besides)}{callers}{' ' if when else ''}{when} {_difference(change)}."
    )


def example(change: Change, horizon: Horizon) -> dict[str, str]:
    """One call of the class, as `vipgate explain` takes it."""
    called, caller = change.called[0], _plainest(change.callers)
    described = {"from": caller.example or "anonymous", "to": called.example or called.name}
    if called.kind in ("user", "group"):
        described[called.kind] = called.name
    if caller.restricted:
        described["hidden"] = "true"
    return described | {"at": horizon.at(change.when[0][0]).replace(tzinfo=None).isoformat(timespec="minutes")}


def command(call: dict[str, str]) -> str:
    """The command that explains an example."""
    options = [f"--{key}" if value == "true" else f"--{key} {value}" for key, value in call.items()]
    return f"vipgate explain {' '.join(options)}"


def as_data(change: Change, horizon: Horizon) -> dict[str, Any]:
    """All of a change, for programs; times are those of the site's clock."""
    return {
        "sentence": sentence(change, horizon),
        "called": [_party(party) for party in change.called],
        "callers": "everybody" if change.everybody else [_party(party) for party in change.callers],
        "when": [{"from": _moment(start, horizon), "to": _moment(end, horizon)} for start, end in change.when],
        "old": change.old.now,
        "new": change.new.now,
        "differs": differing(change.old, change.new),
        "example": example(change, horizon),
    }


def _difference(change: Change) -> str:
    if change.old.was != change.new.was:
        return f"{change.old.was}, now {change.new.now}"
    return f"{change.new.now} as before, but with other: {', '.join(differing(change.old, change.new))}"


def _parties(parties: Sequence[Party], besides: Sequence[Party] = ()) -> str:
    """Their names; of a pattern without those within it that have another fate."""
    ordered = sorted(parties, key=lambda party: party.kind == "others")
    described = list(dict.fromkeys(_described(party, parties, besides) for party in ordered))
    return _listed(described, _MOST_PARTIES)


def _listed(described: Sequence[str], most: int) -> str:
    return ", ".join(described[:most]) + (f" and {len(described) - most} more" if described[most:] else "")


def _described(party: Party, parties: Sequence[Party], besides: Sequence[Party]) -> str:
    hidden = " (who hide their number)" if party.restricted else ""
    match party.kind:
        case "withheld":
            return "callers who show no number"
        case "others":
            return f"all other numbers{hidden}"
        case "user" | "group":
            return f"{party.kind} {party.name}"
    names = {each.name for each in parties}
    apart = (
        sorted({each.name for each in besides if party.name in each.around} - names) if party.kind == "numbers" else []
    )
    without = f" (without {_listed(apart, _MOST_PARTIES)})" if apart else ""
    return f"{party.name}{without}{hidden}"


def _plainest(parties: Sequence[Party]) -> Party:
    return min(parties, key=lambda party: (party.restricted, party.kind == "withheld", party.kind != "others"))


def _party(party: Party) -> dict[str, Any]:
    described: dict[str, Any] = {"kind": party.kind, "name": party.name, "example": party.example}
    return described | ({"restricted": True} if party.restricted else {})


def _moment(minute: int, horizon: Horizon) -> str:
    return horizon.at(minute).replace(tzinfo=None).isoformat(timespec="minutes")
