"""`vipgate dialplan --diff`: what of an installed dialplan differs in meaning."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from vipgate_fs import config
from vipgate_fs.cli import main
from vipgate_fs.dialplan.differences import differences
from vipgate_fs.dialplan.layout import layout
from vipgate_fs.dialplan.reading import Unreadable, read
from vipgate_fs.dialplan.standard import contexts

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "vipgate.yaml"
TEXT = (ROOT / "freeswitch-dialplan.xml").read_text("utf-8")
WANTED = contexts(layout(config.load(EXAMPLE).configuration))
BARE = re.sub(r"<!--.*?-->", "", TEXT, flags=re.DOTALL)
ELEMENTS = [match.span() for match in re.finditer(r"<action [^>]*/>", BARE)]


def found(text):
    return differences(WANTED, read(text.encode()))


@pytest.fixture
def diff(tmp_path):
    def run(text, *options):
        file = tmp_path / "installed.xml"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return CliRunner().invoke(main, ["dialplan", "--config", str(EXAMPLE), "--diff", str(file), *options])

    return run


def test_the_same_is_the_same(diff):
    result = diff(TEXT)
    assert (result.exit_code, result.stdout) == (0, "")
    assert "does what this configuration needs" in result.stderr


def test_programs_get_one_document(diff):
    assert json.loads(diff(TEXT, "--format", "json").stdout) == {"differences": []}
    result = diff(TEXT.replace("socket_resume=true", "x=y"), "--format", "json")
    assert (result.exit_code, len(json.loads(result.stdout)["differences"])) == (1, 2)


def test_names_of_contexts_are_compared_as_the_switch_does():
    assert found(TEXT.replace('<context name="vipgate-passed"', '<context name="VIPgate-Passed"')) == ()


def test_a_route_in_another_spelling_is_no_context_of_its_own():
    gate = (
        "{protects: {numbers: ['%s']}, route: {dialplan: xml, context: %s}, identify: [{static_pin: {pin: '081547'}}]}"
    )
    gates = f"a: {gate % (7000, 'VIPgate-passed')}, b: {gate % (7001, 'vipgate-passed')}, c: {gate % (7002, 'VIPGATE')}"
    made = layout(config.load_text(f"version: 1\ngates: {{{gates.partition(', c: ')[0]}}}").configuration)
    assert list(made.passed) == ["VIPgate-passed"]
    with pytest.raises(ValueError, match="two contexts"):
        layout(config.load_text(f"version: 1\ngates: {{{gates}}}").configuration)


def test_comments_order_of_contexts_and_the_sites_own_contexts_do_not_matter():
    contexts_of = re.findall(r"<context .*?</context>", BARE, re.DOTALL)
    own = '<context name="public"><extension name="x"><condition/></extension></context>'
    assert found(f"<include>{own}{''.join(reversed(contexts_of))}</include>") == ()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('continue="true"', 'continue="yes"'),
        ('continue="true"', 'continue="1"'),
        ('continue="true"', 'continue="-1.5"'),
        ('expression="^$"', 'expression="^$" break="on-false"'),
    ],
)
def test_what_freeswitch_takes_for_the_same_is_the_same(old, new):
    assert old in BARE
    assert found(BARE.replace(old, new)) == ()


@pytest.mark.parametrize(
    "new",
    [
        'continue="false"',
        'continue="0"',
        'continue="no"',
        'continue=""',
        'continue="0.5"',
        'continue="--5"',
        'continue="²"',
        'continue="1x"',
    ],
)
def test_what_freeswitch_takes_for_no_is_no(new):
    assert found(BARE.replace('continue="true"', new)) != ()


def test_a_revision_that_is_no_number_is_none():
    sentences = found(re.sub(r'revision="\d+"', f'revision="{"9" * 5000}"', BARE).replace("socket_resume=true", "x=y"))
    assert "has no revision" in sentences[0]


def test_a_dialplan_of_a_running_switch_has_its_global_variables_replaced():
    assert found(TEXT.replace("$${domain}", "192.0.2.10")) == ()


@pytest.mark.parametrize("span", ELEMENTS, ids=lambda span: BARE[slice(*span)].split('"')[1])
def test_every_action_that_is_missing_is_named(span):
    element = BARE[slice(*span)]
    (sentence,) = found(BARE[: span[0]] + BARE[span[1] :])
    assert re.search(r'application="(\w+)"', element)[1] in sentence
    assert "missing" in sentence


@pytest.mark.parametrize("name", [extension.name for context in WANTED for extension in context.extensions])
def test_every_extension_that_is_missing_or_switched_is_named(name):
    extension = re.search(f'<extension name="{name}".*?</extension>', BARE, re.DOTALL)[0]
    assert any(f"extension {name} is missing" in sentence for sentence in found(BARE.replace(extension, "")))
    turned = (
        extension.replace(' continue="true"', "")
        if "continue" in extension
        else extension.replace(">", ' continue="true">', 1)
    )
    assert any(f"extension {name}: must" in sentence for sentence in found(BARE.replace(extension, turned)))


@pytest.mark.parametrize(
    ("old", "new", "sentences"),
    [
        (
            "127.0.0.1:8084|127.0.0.1:8086 async",
            "10.0.0.9:8084 async",
            [
                (
                    "host: calls go to the gates 10.0.0.9:8084 async full; "
                    "this configuration's are 127.0.0.1:8084|127.0.0.1:8086 async full"
                )
            ],
        ),
        (
            "park_timeout=900:",
            "park_timeout=60:",
            [
                (
                    "extension vipgate-gate: found action set park_timeout=60:SUBSCRIBER_ABSENT; "
                    "it must be action set park_timeout=900:SUBSCRIBER_ABSENT"
                )
            ],
        ),
        (
            '<context name="vipgate-passed">',
            '<context name="vipgate-past">',
            ["context vipgate-passed: missing", "context vipgate-past: this configuration sends no call there"],
        ),
        (
            '<extension name="vipgate-gate">',
            '<extension name="fax"><condition/></extension><extension name="vipgate-gate">',
            ["context vipgate: extension fax stands before the gate and may lead calls round it"],
        ),
        (
            '<extension name="vipgate-not-dialable">',
            '<extension name="late"><condition/></extension><extension name="vipgate-not-dialable">',
            ["context vipgate: extension late is not VIPgate's"],
        ),
        (
            'expression="^.+$">\n        \n        <action application="set" data="park',
            'expression="^7" break="never">\n        \n        <action application="set" data="park',
            [
                (
                    "extension vipgate-gate: found condition destination_number is ^7 break=never; "
                    "it must be condition destination_number is ^.+$"
                )
            ],
        ),
        (
            '<action application="hangup" data="UNALLOCATED_NUMBER"/>',
            '<action application="hangup">UNALLOCATED_NUMBER</action>',
            [],
        ),
    ],
)
def test_what_differs_is_said_in_meaning(old, new, sentences):
    text = re.sub(r"\n *\n( *\n)*", "\n        \n", BARE)
    assert text.count(old) == 1
    assert list(found(text.replace(old, new))) == sentences


def test_extensions_in_another_order_are_named():
    first, second = (
        re.search(f'<extension name="vipgate-{name}".*?</extension>', BARE, re.DOTALL)[0] for name in ("gate", "round")
    )
    text = BARE.replace(first, "@").replace(second, first).replace("@", second)
    (sentence,) = found(text)
    assert sentence.startswith("context vipgate: order: vipgate-number-only, vipgate-round, vipgate-gate")


def test_actions_in_another_order_are_named():
    one = re.search(r'<action application="sched_transfer"[^>]*>', BARE)[0]
    text = BARE.replace(one, "").replace('<action application="socket"', f'{one}<action application="socket"')
    assert any("order" in sentence and "vipgate-gate" in sentence for sentence in found(text))


def test_a_context_that_is_there_twice_is_named():
    again = BARE.replace("</include>", '<context name="vipgate-no-gate"/></include>')
    assert list(found(again)) == ["context vipgate-no-gate: there 2 times, and FreeSWITCH sees only the first"]


@pytest.mark.parametrize(("revision", "says"), [("", "no revision"), (' revision="0"', "revision 0")])
def test_an_older_version_is_named_when_it_does_something_else(revision, says):
    older = re.sub(r' revision="\d+"', revision, BARE)
    assert found(older) == ()
    sentences = found(older.replace("socket_resume=true", "sound_resume=true"))
    assert sentences[0].startswith(f"version: the dialplan has {says}")
    assert len(sentences) > 1


def test_the_options_of_the_printed_one_make_it_the_same_again(diff):
    options = ["--entry", "trunk", "--called", "in", "--others", "staff", "--fail-open", "--only-protected"]
    printed = CliRunner().invoke(main, ["dialplan", "--config", str(EXAMPLE), *options]).output
    assert diff(printed, *options).exit_code == 0
    result = diff(printed)
    assert result.exit_code == 1
    assert "context vipgate: missing" in result.stdout


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"<include>",
        b"no XML",
        b"<include/>",
        b"\xff\xfe\x00",
        b'<?xml version="1.0" encoding="x-none"?><a/>',
        b'<!DOCTYPE a [<!ENTITY b "c">]><context name="vipgate">&b;</context>',
    ],
)
def test_what_is_no_dialplan_is_said_to_be_none(diff, text):
    with pytest.raises(Unreadable):
        read(text)
    result = diff(text)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1


def test_a_file_or_a_configuration_that_can_not_be_read_is_no_difference(tmp_path):
    missing = tmp_path / "none.xml"
    for options in (
        ["--config", str(EXAMPLE), "--diff", str(missing)],
        ["--config", str(missing), "--diff", str(EXAMPLE)],
    ):
        result = CliRunner().invoke(main, ["dialplan", *options])
        assert (result.exit_code, "No such file" in result.stderr) == (2, True)
    broken = tmp_path / "vipgate.yaml"
    broken.write_text("version: 1\ngates: {a: 1}\n")
    result = CliRunner().invoke(
        main, ["dialplan", "--config", str(broken), "--diff", str(ROOT / "freeswitch-dialplan.xml")]
    )
    assert result.exit_code == 2
