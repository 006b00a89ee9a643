"""Random pairs of small configurations, and what brute force says of them."""

import datetime as dt
import json
import random

from vipgate_fs import config
from vipgate_fs.document.findings import Report
from vipgate_fs.document.nodes import parse
from vipgate_fs.gate.call import WITHHELD, Call
from vipgate_fs.gate.decision import decide
from vipgate_fs.gate.dialogue import conduct
from vipgate_fs.gate.step import StepFailed
from vipgate_fs.gate.verdict import Forward
from vipgate_fs.preview.diff import Side
from vipgate_fs.preview.rehearsal import Listener

FIRST, DAYS = dt.date(2027, 3, 24), 8
"""With Good Friday, Easter Monday, and the night in which the clock is put forward."""
PINS = ["4711", "4712", "4713"]
CALLED = ["7000", "7001", "7005", "7010", "7100", "8000", "+49302312510", "+493023125"]
CALLERS = [WITHHELD, "+4917612345678", "+4917612345679", "+491701", "+4930231", "20"]
TARGETS = ["700?", "70*", "7001", "7000-7005", "7*", "*10", "+49 30 23125*", "7100"]
LISTED = ["+49 176 12345678", "+49 176*", "+49 170*", "20", "+49 30*"]
ORACLES = [None, StepFailed("down"), Forward("55")]
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
            return {"callers": lists | rng.choice([{}, {"withheld": rng.choice(["pass", "reject"])}])}
    return {
        "webservice": {
            "url": f"https://example.org/{rng.choice('ab')}?c=###CALLER_NUMBER###",
            **rng.choice([{}, {"on_failure": verdict(rng)}]),
        }
    }


def gate(rng, numbers):
    steps = []
    for _ in range(rng.randint(0, 3)):
        steps.append(step(rng))
        kind = next(iter(steps[-1]))
        if kind == "static_pin" or "entered" in str(steps[-1]) or "ask" in str(steps[-1].get("caller_pin", "")):
            break
    made = {"protects": {"numbers": numbers}, "identify": steps}
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


def changed(rng, document):
    """The same with a few changes, or another one altogether."""
    if rng.random() < 0.2:
        return whole(rng)
    after = json.loads(json.dumps(document))
    for _ in range(rng.randint(0, 2)):
        name = rng.choice(list(after["gates"]))
        match rng.randint(0, 3):
            case 0:
                after["schedules"][rng.choice("ab")] = schedule(rng)
            case 1:
                after["gates"][name] = gate(rng, after["gates"][name]["protects"]["numbers"])
            case 2:
                after["gates"][name]["otherwise"] = verdict(rng)
            case 3:
                after["gates"][name]["attempts"] = rng.choice([1, 2, 3])
    return after


def side(document):
    content = json.dumps(document).encode()
    configuration = config.load_text(content).configuration
    return configuration and Side(configuration, parse(content, Report("vipgate.yaml")))


def pair(seed):
    """Two sides; None when one of them is no valid configuration."""
    rng = random.Random(seed)
    before = whole(rng)
    sides = side(before), side(changed(rng, before))
    return sides if all(sides) else None


def fate(one, called, caller, at):
    """All that a caller can find out, whatever is keyed in and whatever the webservices answer."""
    configuration, seen = one.configuration, []
    for first in ORACLES:
        for second in ORACLES:

            def ask(step, call, answers=(first, second)):
                if not step.waits:
                    return step.identify(call)
                answer = answers["/b?" in step.url]
                if isinstance(answer, StepFailed):
                    raise answer
                return answer

            call = Call("x", caller, called, called)
            decision = decide(configuration.gates, call, at, configuration.site.calendar, ask)
            for keys in KEYS:
                listener = Recorder(list(keys))
                outcome = conduct(decision, call, listener)
                seen.append((outcome.result, outcome.target, listener.answered, tuple(listener.heard), listener.end))
    return tuple(seen)


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
