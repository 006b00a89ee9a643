"""`vipgate dialplan`: what it prints for a configuration is what that configuration needs, and well-formed."""

from __future__ import annotations

import hashlib
import json
import re
import wave
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from vipgate_fs import config
from vipgate_fs.cli import main
from vipgate_fs.dialplan.layout import CONTEXT, layout
from vipgate_fs.dialplan.parts import Action
from vipgate_fs.dialplan.reading import read
from vipgate_fs.dialplan.standard import REVISION, contexts
from vipgate_fs.dialplan.writing import as_xml

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "vipgate.yaml"
SHIPPED = ROOT / "freeswitch-dialplan.xml"
MEANING = {1: "8259"}
"""What the dialplan of the example does, by revision: whoever changes it raises REVISION and adds a line."""


def configuration(gates=None, **sections):
    gates = gates or {"g": {"protects": {"numbers": ["7000"]}, "identify": [{"static_pin": {"pin": "081512345"}}]}}
    loaded = config.load_text(json.dumps({"version": 1, "gates": gates, **sections}))
    assert loaded.configuration is not None, [str(found) for found in loaded.findings]
    return loaded.configuration


def gate(**more):
    return {"protects": {"numbers": ["7000"]}, "identify": [{"static_pin": {"pin": "081512345"}}], **more}


@pytest.fixture
def vipgate(tmp_path):
    """Runs the command for a configuration."""

    def run(*arguments, file=EXAMPLE):
        return CliRunner().invoke(main, ["dialplan", "--config", str(file), *map(str, arguments)])

    return run


@pytest.fixture
def written(tmp_path):
    def write(**sections):
        file = tmp_path / "vipgate.yaml"
        sections = {"gates": {"g": gate()}, **sections}
        file.write_text(json.dumps({"version": 1, **sections}))
        return file

    return write


def every(text):
    return [
        action
        for context in read(text.encode())
        for extension in context.extensions
        for condition in extension.conditions
        for action in condition.actions
    ]


def data(text, application):
    return [action.data for action in every(text) if action.application == application]


def test_the_shipped_file_is_what_is_printed_for_the_example(vipgate):
    """Made by `vipgate --config examples/vipgate.yaml dialplan > freeswitch-dialplan.xml`."""
    assert vipgate().output == SHIPPED.read_text("utf-8")


def test_whoever_changes_what_the_dialplan_does_raises_its_revision():
    meaning = "".join(
        f"{context.name} {extension.name} {extension.continues} {condition} {'; '.join(map(str, condition.actions))}\n"
        for context in contexts(layout(config.load(EXAMPLE).configuration))
        for extension in context.extensions
        for condition in extension.conditions
    )
    assert MEANING.get(REVISION) == hashlib.sha256(meaning.encode()).hexdigest()[:4]


@pytest.mark.parametrize(
    ("listen", "hosts"),
    [
        ("127.0.0.1:8084", "127.0.0.1:8084|127.0.0.1:8086"),
        ("10.1.2.3:9000", "10.1.2.3:9000|10.1.2.3:9002"),
        ("gate.example.org:8084", "gate.example.org:8084|gate.example.org:8086"),
        ("[::1]:8084", "::1:8084|::1:8086"),
        ("0.0.0.0:8084", "127.0.0.1:8084|127.0.0.1:8086"),
        ("[::]:8084", "::1:8084|::1:8086"),
        ("127.0.0.1:65535", "127.0.0.1:65535"),
    ],
)
def test_the_gates_are_where_the_configuration_listens(listen, hosts):
    made = layout(configuration(server={"listen": listen, "allow": ["0.0.0.0/0", "::/0"]}))
    assert data(as_xml(made), "socket") == [f"{hosts} async full"]


def test_a_port_that_nobody_knows_yet_has_to_be_named(vipgate, written):
    file = written(server={"listen": "127.0.0.1:0"})
    result = vipgate(file=file)
    assert (result.exit_code, "--gate HOST:PORT" in result.output) == (2, True)
    assert data(vipgate("--gate", "127.0.0.1:8084", file=file).stdout, "socket") == ["127.0.0.1:8084 async full"]


def test_a_switch_elsewhere_is_given_the_addresses_by_options(vipgate):
    printed = vipgate("--gate", "192.0.2.5:8084", "--gate", "[2001:db8::5]:8084").output
    assert data(printed, "socket") == ["192.0.2.5:8084|2001:db8::5:8084 async full"]


@pytest.mark.parametrize(
    "address",
    [
        "192.0.2.5",
        ":8084",
        "192.0.2.5:0",
        "192.0.2.5:65536",
        "a b:1",
        "x|y:1",
        "${x}:1",
        "2001:db8::5:8084",
        "-x:1",
        "",
    ],
)
def test_an_address_that_freeswitch_would_read_otherwise_is_refused(vipgate, address):
    result = vipgate("--gate", address)
    assert result.exit_code == 2
    assert "allowed: host:port" in result.output


def test_names_of_contexts_come_from_options(vipgate):
    printed = vipgate("--entry", "trunk", "--called", "from-outside", "--others", "staff").output
    found = read(printed.encode())
    assert [context.name for context in found] == ["trunk", "trunk-no-gate", "vipgate-passed"]
    onward = [action.data.rpartition(" ")[2] for action in every(printed) if action.application == "transfer"]
    assert set(onward) == {"trunk", "trunk-no-gate", "vipgate-passed", "from-outside", "staff"}


def test_each_route_of_the_gates_has_its_context(vipgate, written):
    file = written(
        gates={
            "a": gate(route={"context": "vipgate-a"}),
            "b": gate(protects={"numbers": ["7001"]}, route={"context": "vipgate-b"}),
            "own": gate(protects={"numbers": ["7002"]}, route={"context": "mine"}),
        }
    )
    result = vipgate("--others", "default", "--others", "vipgate-b=b.example.org", file=file)
    assert [context.name for context in read(result.stdout.encode())][2:] == ["vipgate-a", "vipgate-b"]
    assert "${destination_number} XML b.example.org" in data(result.stdout, "transfer")
    assert "gate own go to your own context mine" in result.stderr
    names = [extension.name for context in read(result.stdout.encode()) for extension in context.extensions]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--called", "vipgate"], "would come back to the gate"),
        (["--others", "vipgate-passed"], "would come back to the gate"),
        (["--entry", "vipgate-passed"], "two contexts"),
        (["--entry", "a b"], "can't be the name of a context"),
        (["--called", "${x}"], "can't be the name of a context"),
        (["--others", "a", "--others", "b"], "one context for all"),
        (["--others", "vipgate-x=b"], "no gate has a route.context vipgate-x"),
    ],
)
def test_contexts_that_lead_in_a_circle_or_nowhere_are_refused(vipgate, options, why):
    result = vipgate(*options)
    assert (result.exit_code, why in result.output) == (2, True)


class TestParkTimeout:
    def of(self, **more):
        (found,) = [
            text for text in data(as_xml(layout(configuration({"g": gate(**more)}))), "set") if "park_timeout" in text
        ]
        return int(re.fullmatch(r"park_timeout=(\d+):SUBSCRIBER_ABSENT", found)[1])

    def test_is_never_shorter_than_the_usual(self):
        assert self.of(attempts=1) == 900

    def test_grows_with_attempts_and_timing(self):
        assert self.of(attempts=10, timing={"first_digit": "60s", "next_digit": "20s"}) > 10 * (60 + 19 * 20)

    def test_grows_with_the_attempts_that_a_webservice_may_ask_for(self):
        assert self.of(identify=[{"webservice": {"url": "https://example.org/?c=###CALLER_NUMBER###"}}]) > 10 * 92 + 60

    def test_grows_with_a_long_prompt(self, tmp_path):
        file = tmp_path / "de" / "16000" / "long.wav"
        file.parent.mkdir(parents=True)
        with wave.open(str(file), "wb") as sound:
            sound.setparams((1, 1, 100, 0, "NONE", ""))
            sound.writeframes(bytes(100 * 400))
        made = layout(configuration({"g": gate(prompts={"welcome": str(file.parents[1] / "long.wav")})}))
        assert made.longest.seconds > 3 * 400
        assert made.park_timeout > made.longest.seconds
        assert f"Here it is {made.longest.seconds} s (gate g)" in " ".join(as_xml(made).split())


def test_failing_open_replaces_the_two_actions_that_refuse(vipgate):
    text = SHIPPED.read_text("utf-8")
    offered = re.search(r"<!--[^>]*?(<action.*?)-->", text[text.index("EDIT, to let everybody") - 9 :], re.DOTALL)[1]
    opened = every(vipgate("--fail-open").output)
    wanted = read(f'<context name="x"><extension><condition>{offered}</condition></extension></context>'.encode())
    assert [each for each in every(text) if each not in opened] == [
        Action("log", "ERR VIPgate: no gate answered, or it died during the call: the caller is refused"),
        Action("hangup", "SUBSCRIBER_ABSENT"),
    ]
    assert [each for each in opened if each not in every(text)] == list(wanted[0].extensions[0].conditions[0].actions)


NAMES = st.from_regex(CONTEXT, fullmatch=True).filter(lambda name: not name.startswith("vipgate"))


@settings(max_examples=20)
@given(entry=NAMES, called=NAMES, others=NAMES, fails_open=st.booleans())
def test_whatever_the_names_are_the_file_is_read_as_it_was_meant(entry, called, others, fails_open):
    if {called, others} & {entry, f"{entry}-no-gate"}:
        return
    made = layout(configuration(), entry=entry, called=called, others=others, fails_open=fails_open)
    text = as_xml(made)
    assert read(text.encode()) == contexts(made)
    for comment in re.findall(r"<!--(.*?)-->", text, re.DOTALL):
        assert not re.search(r"X-PRE-PROCESS|</?include>|<\?|\$\$\{", comment, re.IGNORECASE)
