"""Random pairs of small configurations, and what brute force says of them."""

import datetime as dt
import json
import random

from vipgate_fs import config
from vipgate_fs.gate.call import WITHHELD, Call
from vipgate_fs.gate.decision import decide
from vipgate_fs.gate.dialogue import conduct
from vipgate_fs.gate.pins import Pin
from vipgate_fs.gate.step import StepFailed
from vipgate_fs.gate.verdict import AskForPin, Forward
from vipgate_fs.preview.rehearsal import Listener
from vipgate_fs.preview.sides import Side

FIRST, DAYS = dt.date(2027, 3, 24), 8
"""With Good Friday, Easter Monday, and the night in which the clock is put forward."""
PINS = ["4711", "4712", "4713"]
CALLED = ["7000", "7001", "7005", "7010", "7100", "8000", "+49302312510", "+493023125"]
CALLERS = [WITHHELD, "+4917612345678", "+4917612345679", "+491701", "+4930231", "20"]
TARGETS = [
    "700?",
    "70*",
    "7001",
    "7000-7005",
    "7*",
    "*10",
    "+49 30 23125*",
    "7100",
    "7*05",
    "*001",
    "user alice",
    "group a",
]
"""Some overlap in part."""
NAMES = [(), ("user alice",), ("group a",), ("user alice", "group a"), ("group a", "group b")]
"""Of called numbers."""
LISTED = ["+49 176 12345678", "+49 176*", "+49 170*", "20", "+49 30*"]
ORACLES = [None, StepFailed("down"), Forward("55"), AskForPin(Pin("4711"))]
WRITTEN_CALLED = ["7001", "03023125", "004930231250", "4930231250", "3023125100", "+493023125", "+433023125", "8000"]
WRITTEN = [
    "anonymous",
    "Zentrale",
    "20",
    "017612345678",
    "+4917612345678",
    "4917612345678",
    "17612345678",
    "004317612345678",
    "01701234567",
    "+41302312345",
    "0302312345",
    "302312345",
]
"""As a trunk may send them."""
KEYS = [[], *([pin] for pin in PINS), *([owner, pin] for owner in "12" for pin in PINS)]
MINUTES = ["00:00", "08:59", "09:00", "09:30", "15:30", "17:00", "22:00", "02:30", "03:00"]


def schedule(rng):
    spans = []
    for _ in range(rng.randint(1, 3)):
        span = {}
        if rng.random() < 0.6:
            span["days"] = rng.choice(["mon-fri", "fri", "sat,sun", "holidays", "mon-sun,holidays", "wed-thu"])
        if rng.random() < 0.7:
            span["from"], span["to"] = rng.choice(
                [("09:00", "17:00"), ("09:30", "15:30"), ("22:00", "03:00"), ("09:00", "09:00")]
            )
        if not span:
            span["dates"] = rng.choice(["2027-03-26", "2027-03-26 - 2027-03-29", "03-25 09:00 - 03-28 15:30", "easter"])
        if rng.random() < 0.2 and spans:
            span["closed"] = True
        spans.append(span)
    return spans


def verdict(rng):
    return rng.choice(
        [
            {"reject": True},
            {"reject": False},
            {"forward": rng.choice(["55", "66"])},
            {
                "askForPin": {
                    "expectedPIN": rng.choice(PINS),
                    **rng.choice([{}, {"attempts": 1}, {"forwardIncorrectPIN": "66"}]),
                }
            },
        ]
    )


def step(rng):
    kind = rng.choice(["static_pin", "dated", "caller_pin", "entered", "callers", "webservice"])
    match kind:
        case "static_pin":
            return {"static_pin": {"pin": rng.choice(PINS)}}
        case "dated":
            dated = {"pin": rng.choice(PINS), "valid_from": rng.choice(["2027-03-26", "2027-03-27 09:30"])}
            return {"static_pin": {"pins": [dated], **rng.choice([{}, {"pin": rng.choice(PINS)}])}}
        case "caller_pin":
            owners = rng.sample(["+49 176 12345678", "+49 176 12345679", "20"], rng.randint(1, 2))
            return {
                "caller_pin": {
                    "pins": {owner: rng.choice(PINS) for owner in owners},
                    **rng.choice([{}, {"unknown_callers": "ask"}]),
                }
            }
        case "entered":
            return {"caller_pin": {"identification": "entered_id", "pins": {rng.choice(["1", "2"]): rng.choice(PINS)}}}
        case "callers":
            lists = {rng.choice(["pass", "reject"]): rng.sample(LISTED, rng.randint(1, 2))}
            hidden = {"hidden": "as_withheld"} if rng.random() < 0.2 else {}
            return {"callers": lists | hidden | rng.choice([{}, {"withheld": rng.choice(["pass", "reject"])}])}
    return {
        "webservice": {
            "url": f"https://example.org/{rng.choice('ab')}?c=###CALLER_NUMBER###",
            **rng.choice([{}, {"on_failure": verdict(rng)}]),
        }
    }


def gate(rng, targets):
    numbers = [target for target in targets if " " not in target or "+" in target]
    protects = {"numbers": numbers} if numbers else {}
    for target in targets:
        if target not in numbers:
            kind, name = target.split()
            protects[f"{kind}s"] = [name] if name != "a" or rng.random() < 0.5 else ["a", "b"]
    steps = []
    for _ in range(rng.randint(0, 3)):
        steps.append(step(rng))
        kind = next(iter(steps[-1]))
        if kind == "static_pin" or "entered" in str(steps[-1]) or "ask" in str(steps[-1].get("caller_pin", "")):
            break
    made = {"protects": protects, "identify": steps}
    if rng.random() < 0.6:
        made["active"] = {rng.choice(["during", "outside"]): rng.choice("ab")}
    if rng.random() < 0.5:
        made["otherwise"] = verdict(rng)
    if rng.random() < 0.2:
        made["attempts"] = rng.choice([1, 2])
    if rng.random() < 0.2:
        made["reject_with"] = rng.choice(["announcement", 603])
    if rng.random() < 0.2:
        made["route"] = {"context": rng.choice(["x", "y"])}
    return made


def whole(rng):
    targets = rng.sample(TARGETS, rng.randint(1, 4))
    gates = {}
    while targets:
        size = min(len(targets), rng.randint(1, 2))
        gates[f"g{len(gates)}"] = gate(rng, [targets.pop() for _ in range(size)])
    return {
        "version": 1,
        "site": {"country": "DE", "holidays": "DE-BW"},
        "schedules": {"a": schedule(rng), "b": schedule(rng)},
        "gates": gates,
    }


def targets_of(made):
    protects = made["protects"]
    return [
        *protects.get("numbers", ()),
        *(f"user {name}" for name in protects.get("users", ())),
        *(["group a"] if "groups" in protects else []),
    ]


def changed(rng, document):
    """The same with a few changes, or another one altogether."""
    if rng.random() < 0.2:
        return whole(rng)
    after = json.loads(json.dumps(document))
    for _ in range(rng.randint(0, 2)):
        name = rng.choice(list(after["gates"]))
        match rng.randint(0, 4):
            case 0:
                after["schedules"][rng.choice("ab")] = schedule(rng)
            case 1:
                after["gates"][name] = gate(rng, targets_of(after["gates"][name]))
            case 2:
                after["gates"][name]["otherwise"] = verdict(rng)
            case 3:
                after["gates"][name]["attempts"] = rng.choice([1, 2, 3])
            case 4:
                names = list(after["gates"])
                rng.shuffle(names)
                after["gates"] = {each: after["gates"][each] for each in names}
    return after


def site(rng):
    """How a site reads numbers."""
    return {
        "country": rng.choice(["DE", "AT", "CH"]),
        **rng.choice([{}, {"trunk_format": rng.choice(["e164", "national", "national_without_prefix"])}]),
        **rng.choice([{}, {"withheld": [rng.choice(["Zentrale", "+49 176 12345678", "20"])]}]),
    }


def read_differently(seed):
    """Two sides that read numbers differently; None when one of them is no valid configuration."""
    rng = random.Random(seed)
    before = whole(rng)
    after = changed(rng, before) if rng.random() < 0.3 else before
    sides = [side(document | {"site": {"holidays": "DE-BW", **site(rng)}}) for document in (before, after)]
    return sides if all(sides) else None


def side(document):
    content = json.dumps(document).encode()
    configuration = config.load_text(content).configuration
    return configuration and Side.of(configuration, content)


def pair(seed):
    """Two sides; None when one of them is no valid configuration."""
    rng = random.Random(seed)
    before = whole(rng)
    sides = side(before), side(changed(rng, before))
    return sides if all(sides) else None


def call_of(called, names, caller, restricted=False, dialled=None):
    kinds = {kind: frozenset(name.split()[1] for name in names if name.startswith(kind)) for kind in ("user", "group")}
    return Call(
        "x",
        caller,
        called,
        dialled or called,
        restricted=restricted,
        called_users=kinds["user"],
        called_groups=kinds["group"],
    )


def fate(one, call, at):
    """All that a caller can find out, whatever is keyed in and whatever the webservices answer."""
    configuration, seen = one.configuration, []
    for first in ORACLES:
        for second in ORACLES:
            oracle = Oracle(first, second)
            decision = decide(configuration.gates, call, at, configuration.site.calendar, oracle)
            for keys in KEYS if isinstance(decision.verdict, AskForPin) else KEYS[:1]:
                listener = Recorder(list(keys))
                outcome = conduct(decision, decision.sees(call), listener)
                seen.append((outcome.result, outcome.target, listener.answered, tuple(listener.heard), listener.end))
            if not oracle.asked:
                return tuple(seen)
    return tuple(seen)


class Oracle:
    """Answers in the place of two webservices."""

    def __init__(self, first, second):
        self._answers = (first, second)
        self.asked = False

    def __call__(self, step, call):
        if not step.waits:
            return step.identify(call)
        self.asked = True
        answer = self._answers["/b?" in step.url]
        if isinstance(answer, StepFailed):
            raise answer
        return answer


class Recorder(Listener):
    """Also remembers how the call left the gate."""

    end = None

    def transfer(self, target, route):
        self.end = route

    def reject(self, rejection):
        super().reject(rejection)
        self.end = rejection


def samples():
    """The minutes that are looked at by brute force, in and around each edge."""
    for day in range(DAYS):
        for written in MINUTES:
            hour, minute = map(int, written.split(":"))
            yield day * 1440 + hour * 60 + minute
