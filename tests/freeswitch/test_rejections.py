"""How callers are turned away, unanswered and after wrong PINs."""

import pytest
from freeswitch.gate import PIN, WRONG_PIN
from freeswitch.phone import Scenario

KINDS = ["busy", "announcement", 403, 404, 480, 486, 488, 500, 503, 600, 603]
GATES = "".join(
    f"""
  at-once-{kind}: {{protects: {{numbers: ["8{number:02}"]}}, reject_with: {kind}, otherwise: {{reject: true}}}}
  answered-{kind}:
    protects: {{numbers: ["9{number:02}"]}}
    reject_with: {kind}
    otherwise: {{askForPin: {{expectedPIN: "{PIN}", attempts: 1}}}}
"""
    for number, kind in enumerate(KINDS)
)
UNANSWERED = {"busy": "486", "announcement": "183 rejected 486"}
AT_ONCE = [
    Scenario(
        str(kind), f"8{number:02}", UNANSWERED.get(kind, str(kind)), limits=(0, 9 if kind == "announcement" else 1)
    )
    for number, kind in enumerate(KINDS)
]
ANSWERED = [
    Scenario(
        f"{kind} after a wrong PIN",
        f"9{number:02}",
        "200 welcome rejected BYE" if kind == "announcement" else "200 welcome BYE",
        f"welcome {WRONG_PIN}#",
    )
    for number, kind in enumerate(KINDS)
]


@pytest.mark.parametrize("scenario", AT_ONCE, ids=str)
def test_unanswered(scenario, experience):
    assert experience.story == scenario.story
    assert experience.waited <= scenario.limits[1]


@pytest.mark.parametrize("scenario", ANSWERED, ids=str)
def test_answered(scenario, experience):
    assert experience.story == scenario.story


def test_nothing_is_left(left):
    assert left == (0, 0)
