"""A PIN that is written wrongly is told by its place, never by its digits."""

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


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("place", PLACES)
def test_it_is_not_shown(place, form):
    text = f'version: 1\ngates:\n  support:\n    protects: {{numbers: ["7000"]}}\n    {PLACES[place] % form}\n'
    loaded = config.load_text(text)
    told = "\n".join(str(finding) for finding in loaded.findings)
    assert told
    assert "4711" not in told
    assert ":5:" in told
