"""Every command, and what goes wrong with it, in German: nothing English but the log, JSON and names of settings."""

from __future__ import annotations

import re

import pytest
from click.testing import CliRunner

from vipgate_fs import cli
from vipgate_fs.cli import SUBCOMMANDS, main

GERMAN = {"LANG": "de_DE.UTF-8", "LANGUAGE": "", "LC_ALL": "", "LC_MESSAGES": "", "VIPGATE_CONFIG": ""}
CONFIGURATION = """\
version: 1
site: {country: DE, holidays: DE-BW}
schedules:
  office: [{days: mon-fri, from: "09:00", to: "17:00"}]
gates:
  support:
    protects: {numbers: ["+49 7022 27978*"], users: ["1001"]}
    active: {outside: office}
    identify:
      - caller_pin: {pins: {"004917612345678": "081512345"}}
      - guest_pin: {}
  closed:
    protects: {numbers: ["701"]}
    otherwise: {reject: true}
"""
EXPECTATIONS = """\
calls:
  - {name: eins, from: "017612345678", to: "701", at: "2026-11-25 12:00", expect: {verdict: pass}}
  - {name: zwei, from: "017612345678", to: "701", at: "2026-11-25 12:00", expect: {verdict: reject, hears: [x]}}
"""
WORDS = """
    the this that these there which who whom whose and or not no with without by from of for into is are was were be been has have had
    can can't cannot could must may does do did don't it its they them their if when where while until than then only too
    error warning note line number numbers found allowed such missing already ended started running nothing
    caller callers gate's gates' store's service's digits many next wrong right
    usage commands
"""
ENGLISH = re.compile(rf"(?<![\w/.=$'-])({'|'.join(WORDS.split())})(?![\w/=(-])", re.IGNORECASE)
NAMES = re.compile(
    r"`[^`]*`|'[^']*'|\"[^\"]*\"|https?://\S+|(?<!\w)-{1,2}[\w-]+|<[^>]*>|\S*/\S*|\b[A-Z]{2,}[A-Z_0-9]*\b|\[[a-z|_\-]+\]|\{[^}]*\}|fatal: .*|^ +- from:.*"
)
"""What is written in no language: options, paths, placeholders, YAML, what stands in quotes, and what git says."""
GERMAN_TOO = {"do", "was", "must"}
"""They are German words as well."""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(cli, "COOPERATIVE", frozenset())  # they would patch this process
    (tmp_path / "vipgate.yaml").write_text(CONFIGURATION)
    (tmp_path / "vipgate.test.yaml").write_text(EXPECTATIONS)
    (tmp_path / "broken.yaml").write_text(CONFIGURATION.replace("active:", "activ:").replace("081512345", "1"))
    (tmp_path / "none.yaml").write_text(CONFIGURATION + "store: none\n")
    (tmp_path / "newer.yaml").write_text(CONFIGURATION.replace('"09:00"', '"08:00"'))
    (tmp_path / "odd.yaml").write_text("a: [")
    (tmp_path / "other.xml").write_text("<document/>")
    (tmp_path / "unlike.test.yaml").write_text("calls: 1\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


SAID = """
    check
    check broken.yaml
    check odd.yaml
    check absent.yaml
    check --holidays 2027
    check --as-user nobody-of-that-name
    explain --from 017612345678 --to +497022279780
    explain --from anonymous --to 701 --at 2026-11-25T12:00
    explain --from 1 --to 2 --at gestern
    explain --from 1 --to 701 --variable x
    call --from 017612345678 --to 701
    call --from 1 --to 701 --dial abc
    call --from 1 --to 701 --server nowhere
    call --from 1 --to 701 --server 127.0.0.1:1
    test
    test --coverage
    test absent.test.yaml
    test unlike.test.yaml
    test --from 1
    test --record --from 1
    test --record --from 1 --to 701 --at 2026-11-25T12:00
    test --record --from 1 --to 701 --answer x
    test unlike.test.yaml --record --from 1 --to 701
    diff vipgate.yaml newer.yaml
    diff vipgate.yaml broken.yaml
    diff vipgate.yaml
    diff vipgate.yaml --since HEAD
    diff vipgate.yaml --running
    replay
    replay --config none.yaml
    audit
    audit --config none.yaml
    serve --config absent.yaml
    reload
    reload --dry-run
    reload --config absent.yaml
    status
    status --config absent.yaml
    doctor
    doctor --switch 127.0.0.1:1
    doctor --switch x
    prompts record welcome --call 1001 --switch 127.0.0.1:1
    prompts record welcome --call &park
    prompts record welcome
    prompts record welcome --call 1001 --config broken.yaml
    lockouts
    lockouts clear
    lockouts clear --gate nobody
    lockouts clear --caller x
    lockouts --config none.yaml
    calls
    calls --config none.yaml
    pin list
    pin issue --gate support
    pin issue --gate nobody
    pin issue --gate support --caller anonymous
    pin revoke nobody
    pin list --config none.yaml
    override list
    override support on
    override support off --for 1h --note x
    override nobody on
    override support auto --for 1h
    override support on --until 2020-01-01
    override --config none.yaml support on
    dialplan
    dialplan --only-protected
    dialplan --others a --others b
    dialplan --diff other.xml
    dialplan --diff absent.xml
    dialplan --format json
    dialplan --order 5
    dialplan --gate nowhere
    dialplan --format fusionpbx
    admin link
    admin user list
    admin user add kurz --role administrator
    admin user remove nobody
    admin user password nobody
    admin user no-codes nobody
    admin setup --listen x
    init --config vipgate.yaml --number x
    init --help
    files
    files nothing
    demo
    nothing
    --nothing
"""
LINES = [line.split() for line in SAID.strip().splitlines()]


def english_in(text):
    """The lines that have English words in them, with these."""
    found = []
    for line in text.splitlines():
        words = {word.lower() for word in ENGLISH.findall(NAMES.sub(" ", line))} - GERMAN_TOO
        if words:
            found.append((line, sorted(words)))
    return found


def test_every_command_is_tried():
    assert {line[0] for line in LINES} >= set(SUBCOMMANDS)


@pytest.mark.parametrize("arguments", LINES, ids=" ".join)
def test_nothing_english_is_said(folder, arguments):
    done = CliRunner().invoke(main, arguments, env=GERMAN, input="kurz\n")
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    shown = done.output
    if "--format" not in arguments and arguments[0] not in ("dialplan", "files"):
        assert shown
    if arguments[0] == "dialplan":
        shown = done.stderr
    assert english_in(shown) == []


@pytest.mark.parametrize("command", SUBCOMMANDS)
def test_no_help_is_english(folder, command):
    done = CliRunner().invoke(main, [command, "--help"], env=GERMAN)
    assert english_in(done.output) == []


def test_english_would_be_seen(folder):
    shown = CliRunner().invoke(main, ["check", "broken.yaml"], env=GERMAN | {"LANG": "en_US.UTF-8"}).output
    assert len(english_in(shown)) >= 2
