"""Finding the file, and what of it depends on the machine."""

import shutil
import sys
from pathlib import Path

import pytest

from vipgate_fs import config
from vipgate_fs.config import Finding, site
from vipgate_fs.document.findings import Report
from vipgate_fs.document.nodes import Spot
from vipgate_fs.resources import resource

GATE = 'gates: {support: {protects: {numbers: ["7000"]}, %s}}\n'
ASKS = GATE % 'identify: [{static_pin: {pin: "4711"}}]'
SOUNDS = ("vipgate-welcome.wav", "vipgate-wrong-pin.wav", "vipgate-customer-number.wav", "vipgate-rejected.wav")


def load(text):
    loaded = config.load_text(f"version: 1\n{text}")
    return loaded.configuration, [str(finding) for finding in loaded.findings]


def test_the_given_path_is_not_looked_for(monkeypatch):
    monkeypatch.setenv("VIPGATE_CONFIG", "other.yaml")
    assert config.find(Path("no-such-file.yaml")) == Path("no-such-file.yaml")


def test_the_places_are_looked_at_in_order(monkeypatch, tmp_path):
    places = [tmp_path / "vipgate.yaml", tmp_path / "etc" / "vipgate.yaml"]
    monkeypatch.setattr(config, "PLACES", tuple(places))
    monkeypatch.delenv("VIPGATE_CONFIG", raising=False)
    with pytest.raises(FileNotFoundError) as caught:
        config.find()
    assert all(str(place) in str(caught.value) for place in ["$VIPGATE_CONFIG", *places])
    places[1].parent.mkdir()
    for place in reversed(places):
        place.touch()
        assert config.find() == place
    monkeypatch.setenv("VIPGATE_CONFIG", "other.yaml")
    assert config.find() == Path("other.yaml")


def test_a_file_that_can_not_be_read_is_no_finding(tmp_path):
    with pytest.raises(FileNotFoundError):
        config.load(tmp_path / "no-such-file.yaml")
    with pytest.raises(IsADirectoryError):
        config.load(tmp_path)


@pytest.mark.parametrize(
    ("finding", "text"),
    [
        (Finding("error", "f.yaml", 3, 1, "gates.a", "wrong"), "f.yaml:3:1: gates.a: wrong"),
        (Finding("warning", "f.yaml", 3, 1, "gates.a", "odd"), "f.yaml:3:1: gates.a: warning: odd"),
        (Finding("error", "f.yaml", 3, 1, "", "wrong"), "f.yaml:3:1: wrong"),
    ],
)
def test_a_finding_in_one_line(finding, text):
    assert str(finding) == text


def test_findings_come_in_the_order_of_the_file():
    report = Report("f.yaml")
    for line, column in [(10, 1), (9, 2), (9, 1)]:
        report.warning(Spot(line, column), "odd")
    assert [(finding.line, finding.column) for finding in report.findings] == [(9, 1), (9, 2), (10, 1)]


@pytest.mark.parametrize(
    ("written", "language"),
    [
        ("", "de"),
        *((f"site: {{country: {country}}}", "de") for country in ("DE", "AT", "CH", "LI", "LU")),
        ("site: {country: GB}", "en"),
        ("site: {country: FR, language: de}", "de"),
        ("site: {language: en}", "en"),
    ],
)
def test_the_language_follows_the_country(written, language):
    configuration, findings = load(f"{written}\n{ASKS}")
    assert findings == []
    assert configuration.site.language == language
    assert f"/{language}/" in configuration.gates[0].prompts.welcome


@pytest.mark.parametrize(
    ("listen", "host", "port"),
    [
        ("127.0.0.1:8084", "127.0.0.1", 8084),
        ('"[::1]:0"', "::1", 0),
        ("gate-1.example.com:65535", "gate-1.example.com", 65535),
    ],
)
def test_listen(listen, host, port):
    configuration, findings = load(f'server: {{listen: {listen}, allow: [10.1.2.3, 127.0.0.1, "::1"]}}\n{ASKS}')
    assert findings == []
    assert (configuration.server.host, configuration.server.port) == (host, port)


@pytest.fixture
def sounds(tmp_path):
    """A folder of sounds, each in another of the places where FreeSWITCH looks."""
    folders = ["de", "de/8000", "de/16000", "de/48000"]
    for folder, name in zip(folders, SOUNDS, strict=True):
        tmp_path.joinpath(folder).mkdir(parents=True, exist_ok=True)
        tmp_path.joinpath(folder, name).write_bytes(b"RIFF\0\0\0\0WAVE")
    return tmp_path


def test_sounds_may_be_in_the_folder_of_any_rate(sounds):
    gate = (
        GATE % 'identify: [{caller_pin: {identification: entered_id, pins: {"1": "4711"}}}], reject_with: announcement'
    )
    configuration, findings = load(f"site: {{sounds: {sounds}}}\n{gate}")
    assert findings == []
    prompts = configuration.gates[0].prompts
    played = (
        prompts.welcome,
        prompts.wrong_pin,
        prompts.customer_number,
        configuration.gates[0].rejection.announcement,
    )
    assert played == tuple(f"{sounds}/de/{name}" for name in SOUNDS)


@pytest.mark.parametrize(
    ("gate", "missing"),
    [
        ('identify: [{static_pin: {pin: "4711"}}]', [SOUNDS[1], SOUNDS[0]]),
        ('otherwise: {askForPin: {expectedPIN: "4711"}}', [SOUNDS[1], SOUNDS[0]]),
        (
            'identify: [{caller_pin: {identification: entered_id, pins: {"1": "4711"}}}]',
            [SOUNDS[2], SOUNDS[1], SOUNDS[0]],
        ),
        ("otherwise: {reject: true}, reject_with: announcement", [SOUNDS[3]]),
        ("otherwise: {reject: true}", []),
        ("otherwise: {reject: true}, prompts: {rejected: mine.wav}", ["mine.wav"]),
        ("otherwise: {reject: true}, prompts: {rejected: /no/such/mine.wav}", ["/no/such/mine.wav"]),
    ],
)
def test_sounds_that_may_be_played_or_are_written_must_exist(sounds, gate, missing):
    shutil.rmtree(sounds / "de")
    _, findings = load(f"site: {{sounds: {sounds}}}\n{GATE % gate}")
    expected = [f"there is no {sounds / 'de' / name}, nor in the folders 8000" for name in missing]
    assert len(findings) == len(expected)
    for finding, message in zip(sorted(findings), sorted(expected), strict=True):
        assert message in finding


@pytest.mark.parametrize(("holidays", "advice"), [("BW", ["; a part is written DE-BW"]), ("NL", [""])])
def test_only_a_part_that_there_is_gets_proposed(holidays, advice):
    _, findings = load(f"site: {{country: DE, holidays: {holidays}}}\n{ASKS}")
    assert [said.partition(" is another country than DE")[2] for said in findings if "another" in said] == advice


def test_the_switch_may_be_another_machine():
    configuration, findings = load(f"site: {{sounds: /no/such/folder}}\n{ASKS}")
    assert len(findings) == 1
    assert "warning: there is no /no/such/folder on this machine" in findings[0]
    assert configuration.gates[0].prompts.welcome == "/no/such/folder/de/vipgate-welcome.wav"


def test_a_name_that_no_file_can_have_is_missing_like_any_other(sounds):
    name = "a" * 300
    assert "is no /" in load(f"site: {{sounds: /{name}}}\n{ASKS}")[1][0]
    gate = GATE % f"otherwise: {{reject: true}}, prompts: {{welcome: {name}}}"
    assert f"/de/{name}, nor" in load(f"site: {{sounds: {sounds}}}\n{gate}")[1][0]


def test_own_sounds_where_freeswitch_can_not_be_sent(monkeypatch, tmp_path):
    folder = tmp_path / "with space" / "sounds"
    shutil.copytree(resource("sounds") / "de", folder / "de")
    monkeypatch.setattr(site, "resource", lambda name: folder)
    configuration, findings = load(ASKS)
    assert configuration is None
    assert [finding for finding in findings if "set site.sounds" in finding] == findings
    assert len(findings) == 1


def steps_of_loading(text, path):
    """How many functions are called to load a configuration."""
    steps = 0

    def count(_frame, event, _argument):
        nonlocal steps
        steps += event in {"call", "c_call"}

    sys.setprofile(count)
    try:
        loaded = config.load_text(text, path)
    finally:
        sys.setprofile(None)
    assert not loaded.findings
    return steps


def gates_for(form, size):
    one = "  g{0}: {{protects: {{numbers: ['{1}']}}, identify: [{{static_pin: {{pin: '4711'}}}}]}}\n"
    return "version: 1\nstore: none\ngates:\n" + "".join(one.format(n, form.format(n, n)) for n in range(size))


@pytest.mark.parametrize("form", ["+49 7022 {:05}*", "0711 5{:05}??", "+497022{:05}0..+497022{:05}7", "+49 89 {:05}*7"])
def test_five_times_as_many_gates_take_five_times_as_many_steps(tmp_path, form):
    path = tmp_path / "vipgate.yaml"
    steps_of_loading(gates_for(form, 50), path)  # what is read once is read
    few, many = (steps_of_loading(gates_for(form, size), path) for size in (100, 500))
    assert many < 5.5 * few


def test_patterns_of_which_any_two_fit_one_number_are_one_error_each(tmp_path):
    assert len(config.load_text(gates_for("*7{:05}5*", 500), tmp_path / "vipgate.yaml").findings) == 499
