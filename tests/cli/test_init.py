"""`vipgate init`: four questions or options, two files, and what to type next."""

from __future__ import annotations

import grp
import json
import os
import re
import shlex
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from vipgate_fs.cli import init, main
from vipgate_fs.resources import resource
from vipgate_fs.setup import files
from vipgate_fs.setup.freepbx import QUERY

OPTIONS = ["--numbers", "+49 711 5551001, 7000-7099", "--hours", "mon-thu 9-17; fri 9-15:30", "--proof", "pin"]
OPTIONS += ["--onward", "called", "--refused", "busy"]
TYPED = "+49 711 5551001, 7000-7099\nmo-do 9-17; fr 9-15:30\n1\n\n120\n"


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.delenv("VIPGATE_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "vipgate.yaml"


def run(*arguments, typed=None):
    return CliRunner().invoke(main, ["init", *map(str, arguments)], input=typed)


def follow(output):
    """Runs the command that is named as the next one, in this process."""
    typed = re.search(r"(?:Next|Weiter mit): (.*)", output)[1]
    for command in typed.split(" && "):
        _, *arguments = shlex.split(command)
        result = CliRunner().invoke(main, arguments)
        assert result.exit_code == 0, result.output
    return result.output


def test_options_answer_the_questions(file):
    result = run("--config", file, *OPTIONS)
    assert result.exit_code == 0, result.output
    assert "?" not in result.output
    assert "all is reached" in follow(result.output)
    assert CliRunner().invoke(main, ["check", "--strict", str(file)]).exit_code == 0


@pytest.mark.parametrize(("language", "word"), [("en", "everybody"), ("de", "Rufnummer\nalle")])
def test_whoever_types_is_asked_four_questions_in_their_language(file, language, word):
    result = run("--config", file, "--language", language, typed=TYPED.replace("\n1\n", f"\n{word}\n"))
    assert result.exit_code == 0, result.output
    assert re.findall(r"\b([1-4])\. ", result.output) == ["1", "2", "3", "4"]
    assert ("Welche Rufnummern" in result.output) == (language == "de")
    assert f"language: {language}" in file.read_text("utf-8")
    assert "all is reached" in follow(result.output) or language == "de"


@pytest.mark.parametrize(("question", "word"), [("--onward", "besetzt"), ("--refused", "gewählte")])
def test_the_word_for_another_question_is_no_target(file, question, word):
    assert run("--config", file, *OPTIONS, question, word).exit_code == 1


def test_a_generated_pin_is_shown_once_and_has_six_digits_or_more(file):
    result = run("--config", file, *OPTIONS)
    (pin,) = re.findall(r"^PIN: (\d+)$", result.output, re.MULTILINE)
    assert len(pin) >= 6
    assert result.output.count(pin) == 1
    assert file.read_text("utf-8").count(pin) == 1


def test_programs_get_one_document(file):
    document = json.loads(run("--config", file, *OPTIONS, "--format", "json").stdout)
    assert (document["configuration"], document["warnings"]) == (str(file), [])
    assert document["pins"][""] in file.read_text("utf-8")
    assert list(document["pins"]) == [""]


def test_nobody_else_can_read_the_files(file):
    before = os.umask(0)
    try:
        assert run("--config", file, *OPTIONS).exit_code == 0
    finally:
        os.umask(before)
    for each in (file, file.with_name("vipgate.test.yaml")):
        assert stat.S_IMODE(each.stat().st_mode) in (0o600, 0o640)


def test_the_untouched_file_of_a_package_makes_way(file):
    placeholder = (resource("deploy") / "placeholder.yaml").read_bytes()
    file.write_bytes(placeholder)
    beside = file.with_name("vipgate.test.yaml")
    beside.symlink_to("nowhere/else")
    assert run("--config", file, *OPTIONS).exit_code == 2
    beside.unlink()
    assert file.read_bytes() == placeholder
    result = run("--config", file, *OPTIONS)
    assert result.exit_code == 0, result.output
    follow(result.output)
    assert sorted(each.name for each in file.parent.iterdir() if each.suffix == ".yaml") == [beside.name, file.name]


def test_a_touched_one_does_not(file):
    file.write_bytes((resource("deploy") / "placeholder.yaml").read_bytes() + b"# ours\n")
    assert run("--config", file, *OPTIONS).exit_code == 2


def test_the_service_can_read_them(file, monkeypatch):
    monkeypatch.setattr(files, "SERVICE", grp.getgrgid(os.getgid()).gr_name)
    assert run("--config", file, *OPTIONS).exit_code == 0
    assert [stat.S_IMODE(each.stat().st_mode) for each in file.parent.iterdir()] == [0o640, 0o640]
    assert {each.stat().st_gid for each in file.parent.iterdir()} == {os.getgid()}


@pytest.mark.parametrize("name", ["vipgate.yaml", "vipgate.test.yaml"])
def test_nothing_is_overwritten(file, name):
    file.with_name(name).write_text("mine")
    result = run("--config", file, *OPTIONS)
    assert (result.exit_code, f"{file.with_name(name)} exists" in result.stderr) == (2, True)
    assert [each.name for each in file.parent.iterdir()] == [name]
    assert file.with_name(name).read_text() == "mine"


def test_a_folder_that_can_not_be_written_to_is_named(file):
    result = run("--config", file.parent / "none" / "vipgate.yaml", *OPTIONS)
    assert (result.exit_code, "can't be written: No such file" in result.stderr) == (2, True)


def test_a_second_file_that_can_not_be_written_takes_the_first_away(file, monkeypatch):
    opened = os.open

    def full(path, *more, **others):
        if str(path).endswith("test.yaml"):
            raise OSError(28, "No space left on device", str(path))
        return opened(path, *more, **others)

    monkeypatch.setattr(files.os, "open", full)
    result = run("--config", file, *OPTIONS)
    assert result.exit_code == 2
    assert list(file.parent.iterdir()) == []


def test_an_answer_that_can_not_be_used_is_asked_for_again(file):
    typed = "nonsense!\n7000\nmon-fri nine\nfoo 9-17\nmon-fri 9-17\n1\n12 XML default\n\n"
    result = run("--config", file, "--refused", "120", typed=typed)
    assert result.exit_code == 0, result.output
    assert "are no business hours" in result.stderr
    assert "can't be dialled" in result.stderr
    assert [result.output.count(f"{number}. ") for number in (1, 2, 3, 4)] == [2, 3, 1, 2]
    assert '"7000"' in file.read_text("utf-8")


@pytest.mark.parametrize("word", ["never", "Nie", ""])
def test_never_open_is_a_gate_that_always_asks(file, word):
    assert run("--config", file, *OPTIONS, "--hours", word).exit_code == 0
    assert "active:" not in file.read_text("utf-8")


@pytest.mark.parametrize("word", ["always", "immer"])
def test_always_open_is_no_gate_that_always_asks(file, word):
    result = run("--config", file, *OPTIONS, "--hours", word)
    assert (result.exit_code, result.stderr.startswith("hours: ")) == (1, True)


@pytest.mark.parametrize(
    ("options", "question"),
    [
        (["--numbers", "nonsense!"], "numbers"),
        (["--hours", "nine"], "hours"),
        (["--refused", "${x}"], "refused"),
        (["--refused", "called"], "refused"),
        (["--onward", "Busy"], "onward"),
        (["--country", "XX"], "country"),
        (["--from", "starface", "none.csv"], "none.csv"),
    ],
)
def test_an_option_that_can_not_be_used_ends_the_command(file, options, question):
    result = run("--config", file, *OPTIONS, *options)
    assert (result.exit_code, result.stderr.startswith(f"{question}: ")) == (1, True)
    assert list(file.parent.iterdir()) == []


def test_without_a_terminal_and_without_options_it_ends(file):
    done = subprocess.run(
        [sys.executable, "-m", "vipgate_fs", "init", "--config", file],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=50,
        check=False,
    )
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr
    assert list(file.parent.iterdir()) == []


@pytest.mark.parametrize(
    ("given", "environment", "etc", "where"),
    [
        ("given.yaml", "other.yaml", True, "given.yaml"),
        (None, "other.yaml", True, "other.yaml"),
        (None, None, True, "etc/vipgate.yaml"),
        (None, None, False, "vipgate.yaml"),
    ],
)
def test_where_the_file_goes(file, monkeypatch, given, environment, etc, where):
    monkeypatch.setattr(files, "_ETC", Path("etc"))
    if etc:
        Path("etc").mkdir()
    if environment:
        monkeypatch.setenv("VIPGATE_CONFIG", environment)
    assert run(*(["--config", given] if given else []), *OPTIONS).exit_code == 0
    assert Path(where).exists()


def test_starfaces_table_is_taken_over(file):
    file.with_name("list.csv").write_text(
        "Caller Identification;PIN\n004917612345678;081512345\n0041556631019;081555577\n"
    )
    result = run("--config", file, *OPTIONS[:4], *OPTIONS[6:], "--from", "starface", "list.csv")
    assert result.exit_code == 0, result.output
    assert "0815" not in result.output
    assert '"004917612345678": "081512345"' in file.read_text("utf-8")
    assert "all is reached" in follow(result.output)


@pytest.mark.parametrize("row", ["4.91711E+11,081555577", "0041556631019,81555577.0"], ids=["number", "PIN"])
def test_of_many_callers_that_one_is_named_whom_a_spreadsheet_has_spoilt(file, row):
    rows = "".join(f"00491761234{number},0815{number}\n" for number in range(1000, 1100))
    file.with_name("list.csv").write_text(f"number,pin\n{rows}{row}\n")
    result = run("--config", file, *OPTIONS[:4], *OPTIONS[6:], "--from", "starface", "list.csv")
    assert result.exit_code == 1
    assert result.stderr.startswith(f"callers: {row.split(',')[0]}: ")
    assert row.split(",")[1] not in result.stderr


@pytest.mark.parametrize(("options", "span"), [(["--time-group", "Duty"], '"sat"'), ([], None)])
def test_freepbxs_time_groups_are_taken_over(file, options, span):
    file.with_name("groups.txt").write_text("description\ttime\nOffice\t09:00-17:00|mon-fri|*|*\nDuty\t*|sat|*|*\n")
    result = run("--config", file, *OPTIONS[:2], *OPTIONS[4:], "--from", "freepbx", "groups.txt", *options)
    if span is None:
        assert (result.exit_code, "allowed: Office, Duty" in result.stderr) == (1, True)
    else:
        assert f"{{days: {span}}}" in file.read_text("utf-8")
        follow(result.output)


@pytest.mark.parametrize(
    ("number", "zone", "country", "timezone"),
    [
        ("+41 44 668 18 00", "Europe/Berlin", "CH", "Europe/Zurich"),
        ("+1 212 555 0100", "America/Chicago", "US", "America/Chicago"),
        ("7000", "Europe/Vienna", "AT", "Europe/Vienna"),
        ("7000", "Etc/UTC", "US", "America/New_York"),
        ("7000", None, "US", "America/New_York"),
    ],
)
def test_country_and_time_zone_are_guessed_from_the_numbers_and_the_machine(
    file, monkeypatch, number, zone, country, timezone
):
    monkeypatch.setattr(init.place, "machines_zone", lambda: zone)
    assert run("--config", file, "--numbers", number, *OPTIONS[2:]).exit_code == 0
    assert f"  country: {country}" in file.read_text("utf-8")
    assert f'  timezone: "{timezone}"' in file.read_text("utf-8")


def test_what_the_manual_tells_to_type_runs(tmp_path, monkeypatch):
    manual = (Path(__file__).parents[2] / "docs" / "getting-started.md").read_text("utf-8")
    blocks = re.findall(r"^```\w*\n(.*?)^```$", manual, re.DOTALL | re.MULTILINE)
    lines = re.findall(r"^vipgate (.*)$", "\n".join(blocks), re.MULTILINE)
    assert len([line for line in lines if line.startswith("init")]) == 4
    monkeypatch.delenv("VIPGATE_CONFIG", raising=False)
    monkeypatch.setattr(files, "_ETC", Path("etc"))
    for number, line in enumerate(lines):
        typed, _, into = line.partition(" > ")
        if line.startswith("init"):
            folder = tmp_path / str(number)
            folder.mkdir()
            monkeypatch.chdir(folder)
            Path("callers.csv").write_text("Caller Identification;PIN\n004917612345678;081512345\n")
            Path("groups.txt").write_text("description\ttime\nOffice\t09:00-17:00|mon-fri|*|*\n")
        answers = {"starface": "7000\nmo-fr 9-17\n\n\n", "freepbx": "7000\n1\n\n\n"}
        text = next((text for kind, text in answers.items() if kind in line), TYPED)
        result = CliRunner().invoke(main, shlex.split(typed), input=text)
        assert result.exit_code == 0, result.output
        assert not into or "<context" in result.stdout


def test_the_manual_asks_freepbx_what_the_code_reads():
    assert QUERY in (Path(__file__).parents[2] / "docs" / "getting-started.md").read_text("utf-8")


def test_every_option_is_in_the_manual():
    manual = (Path(__file__).parents[2] / "docs" / "getting-started.md").read_text("utf-8")
    options = {option for parameter in init.command.params for option in parameter.opts}
    assert [option for option in options - {"--config", "--format"} if option not in manual] == []
