"""A PIN that is written wrongly is reported by its place, never by its digits."""

import pytest

from vipgate_fs import config

PLACES = {
    "static": "identify: [{static_pin: {pin: %s}}]",
    "by caller": 'identify: [{caller_pin: {pins: {"004917612345678": %s}}}]',
    "by customer": 'identify: [{caller_pin: {identification: entered_id, pins: {"1": %s}}}]',
    "the other way round": 'identify: [{caller_pin: {pins: {%s: "004917612345678"}}}]',
    "the other way round, by customer": 'identify: [{caller_pin: {identification: entered_id, pins: {%s: "1234"}}}]',
    "verdict": "otherwise: {askForPin: {expectedPIN: %s}}",
    "on failure": "identify: [{channel_variable: {on_failure: {askForPin: {expectedPIN: %s}}}}]",
    "no mapping": "identify: [{static_pin: %s}]",
    "no mapping of callers": "identify: [{caller_pin: {pins: %s}}]",
    "no step": "identify: [%s]",
    "no steps": "identify: %s",
    "no verdict": "otherwise: %s",
    "no question": "otherwise: {askForPin: %s}",
    "as a key": "identify: [{static_pin: {%s: }}]",
    "as a kind": "identify: [{%s: }]",
    "as a verdict": "otherwise: {%s: true}",
    "no space": "identify: [{static_pin: {pin:%s}}]",
    "no colon": "identify: [{static_pin: {pin %s}}]",
    "no space, verdict": "otherwise: {askForPin: {expectedPIN:%s}}",
    "no space, caller": "identify: [{caller_pin: {pins: {alice:%s}}}]",
    "no space, one-time": 'identify: [{caller_pin: {pins: {"004917612345678": {totp:%s}}}}]',
    "no space, bearer": "identify: [{webservice: {url: 'https://example.org', auth: {bearer:%s}}}]",
    "no space, header": "identify: [{webservice: {url: 'https://example.org', headers: {X-Key:%s}}}]",
    "no space, option": "identify: [{plugin: {call: 'json:loads', options: {pin:%s}}}]",
    "no space, step": "identify: [{static_pin:%s}]",
}
FORMS = [
    *("084711", "+84711", "84_711", "84711.0", "8e84711", "0x84711", "8:47:11", "-84711", "84711 x", "84711" * 5),
    *(
        '"84711x"',
        '"84711 "',
        '"84711\\n"',
        "'84711#'",
        f'"{"84711" * 5}"',
        "[84711]",
        "{84711: x84711}",
        "!!str 84711",
    ),
    *("&a 84711", "|84711", "@84711", "'84711", "[84711", "84711: 84711", "*84711"),
]


@pytest.mark.parametrize("place", PLACES)
def test_it_is_not_shown(place):
    for form in FORMS:
        text = f'version: 1\ngates:\n  support:\n    protects: {{numbers: ["7000"]}}\n    {PLACES[place] % form}\n'
        loaded = config.load_text(text)
        report = "\n".join(str(finding) for finding in loaded.findings)
        assert ":5:" in report, form
        assert "4711" not in report, form


@pytest.mark.parametrize(
    "step",
    ["static_pin: {pin084711}", "static_pin: {pin: {x084711: 1}}", "pin084711: {}", "caller_pin: {pins: {a084711: 1}}"],
)
def test_it_is_not_shown_in_the_path_of_a_finding(step):
    text = f'version: 1\ngates:\n  office084:\n    protects: {{numbers: ["7000"]}}\n    identify: [{{{step}}}]\n'
    report = "\n".join(map(str, config.load_text(text).findings))
    assert "gates.office084.identify[0]" in report
    assert "4711" not in report


HINTS = {
    'static_pin: "0815"': "allowed: a mapping, such as {pin: …}",
    "static_pin: {pin: „0815“}": "found typographic quotes; write plain ones",
    "static_pin:\u00a0{pin: '0815'}": "a space that is none (U+00A0, no-break space)",
}


@pytest.mark.parametrize("step", HINTS)
def test_what_is_written_on_the_first_day_is_told_how_to_be_written(step):
    text = f'version: 1\ngates:\n  g:\n    protects: {{numbers: ["7000"]}}\n    identify:\n      - {step}\n'
    report = "\n".join(map(str, config.load_text(text).findings))
    assert HINTS[step] in report
    assert "0815" not in report


@pytest.mark.parametrize(
    ("gate", "hint"),
    [
        ('protects: {numbers: "089123"}', "[ ] around it, or a line for each item that begins with a dash"),
        ('protects: {numbers: ["1"]}\n    identify:\n      static_pin: {pin: "1"}', "is the dash missing before it?"),
        ('protects: {numbers: ["1"]}\n    identify:\n      guest_pin: {}\n     x: 1', "each item begins with a dash"),
    ],
)
def test_what_should_be_a_list_is_told_how_to_become_one(gate, hint):
    report = "\n".join(map(str, config.load_text(f"version: 1\ngates:\n  g:\n    {gate}\n").findings))
    assert hint in report


def test_a_comma_in_braces_needs_quotes():
    text = 'version: 1\nschedules:\n  o:\n    - {days: sat, sun, from: "08:00", to: "09:00"}\n'
    assert "A text with a comma needs quotes" in "\n".join(map(str, config.load_text(text).findings))
