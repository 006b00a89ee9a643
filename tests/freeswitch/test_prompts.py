"""The shipped prompts are heard in both languages, in the rate of the call."""

import pytest
from freeswitch.audio import L16, PCMA, PCMU
from freeswitch.gate import PIN, VIP_PIN, WRONG_PIN, Gate
from freeswitch.phone import Scenario
from freeswitch.switch import FIRST

GATES = f"""
  pin: {{protects: {{numbers: ["7000"]}}, identify: [{{static_pin: {{pin: "{PIN}"}}}}]}}
  customers:
    protects: {{numbers: ["7001"]}}
    identify: [{{caller_pin: {{identification: entered_id, pins: {{"10027": "{VIP_PIN}"}}}}}}]
  announced: {{protects: {{numbers: ["7002"]}}, reject_with: announcement, otherwise: {{reject: true}}}}
"""
SCENARIOS = [
    scenario
    for codec in (PCMU, PCMA, L16)
    for scenario in (
        Scenario(
            f"PIN, {codec}",
            "7000",
            "200 LANGUAGE/welcome LANGUAGE/wrong-pin called",
            f"welcome end {WRONG_PIN}# wrong-pin end {PIN}#",
            codec=codec,
        ),
        Scenario(
            f"customer number, {codec}",
            "7001",
            "200 LANGUAGE/customer-number LANGUAGE/welcome called",
            f"customer-number end 10027# welcome {VIP_PIN}#",
            codec=codec,
        ),
        Scenario(f"announcement, {codec}", "7002", "183 LANGUAGE/rejected 486", codec=codec),
    )
]


@pytest.fixture(scope="module", params=["de", "en"])
def language(request):
    return request.param


@pytest.fixture(scope="module")
def gate(language, switch, tmp_path_factory):
    with Gate(GATES, tmp_path_factory.mktemp("gate"), FIRST, f"language: {language}") as started:
        yield started


@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_prompt(scenario, experience, language):
    """An ear for a rate knows the recordings of that rate only."""
    assert experience.full_story == scenario.story.replace("LANGUAGE", language)
