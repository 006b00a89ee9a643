"""`vipgate diff` as a person meets it."""

import cProfile
import json
import os
import re
import resource
import subprocess
import sys

import pytest
from click.testing import CliRunner

from vipgate_fs import config
from vipgate_fs.cli import main
from vipgate_fs.preview.diff import everything_called
from vipgate_fs.preview.sides import Side
from vipgate_fs.resources import resource as bundled

GATES = int(os.environ.get("VIPGATE_GATES", "20"))
EXAMPLE = (bundled("examples") / "vipgate.yaml").read_text("utf-8")


@pytest.fixture
def diff(tmp_path):
    """Compares the example with the example after (written, instead) pairs; gives exit status and what is printed."""

    def make(*changes, options=()):
        after = EXAMPLE
        for written, instead in changes:
            assert written in after
            after = after.replace(written, instead)
        for name, text in (("old.yaml", EXAMPLE), ("new.yaml", after)):
            (tmp_path / name).write_text(text)
        run = CliRunner().invoke(main, ["diff", str(tmp_path / "old.yaml"), str(tmp_path / "new.yaml"), *options])
        return run.exit_code, run.stdout

    return make


def test_a_file_and_itself(diff):
    status, output = diff()
    assert status == 0
    assert output.startswith("no changes from ")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            [('"15:30"', '"17:00"')],
            "Calls to +49 7022 27978* on Fridays 15:30 to 17:00 were asked for a PIN, now get through.",
        ),
        (
            [('"004917612345678": "081512345"\n', "")],
            "Calls to 7000-7099 from +4917612345678 were asked for a PIN, now are rejected (busy).",
        ),
        (
            [('"081555577"', '"081555578"')],
            "Calls to 7000-7099 from +41556631019 are asked for a PIN as before, but with other: the PINs.",
        ),
        (
            [('"7000-7099"', '"7000-7089"')],
            "Calls to 7000-7099 (without 7000-7089) from +4917612345678, +41556631019 were asked for a PIN, now get through.",
        ),
        (
            [("attempts: 2", "attempts: 3")],
            "Calls to 7100 are asked for a PIN as before, but with other: the attempts.",
        ),
        (
            [("otherwise: {reject: true}", 'otherwise: {forward: "20"}')],
            "from callers who show no number, all other numbers were rejected (busy), now are forwarded to 20.",
        ),
    ],
)
def test_each_change_is_a_sentence(diff, changes, sentence):
    status, output = diff(*changes)
    assert status == 1
    assert sentence in output


def test_the_example_call_of_each_change_is_confirmed_by_explain(diff, tmp_path):
    output = diff(('"15:30"', '"17:00"'), ('"7000-7099"', '"7000-7089"'))[1]
    commands = [line.split()[1:] for line in output.splitlines() if line.startswith("    vipgate explain ")]
    assert len(commands) >= 3
    for command in commands:
        answers = [
            json.loads(
                CliRunner()
                .invoke(main, ["--config", str(tmp_path / name), *command, "--no-store", "--format", "json"])
                .stdout
            )
            for name in ("old.yaml", "new.yaml")
        ]
        assert answers[0]["verdict"] != answers[1]["verdict"], command


def test_pins_that_change_are_named_and_not_shown(diff):
    for options in ((), ("--format", "json")):
        status, output = diff(("081555577", "08155557799"), ('pin: "081547"', 'pin: "4711471147"'), options=options)
        assert status == 1
        assert "the PINs" in output
        assert not any(pin in output for pin in ("081555577", "081547", "4711471147"))


def test_for_programs(diff):
    (change,) = json.loads(diff(('"15:30"', '"17:00"'), options=("--format", "json", "--days", "30"))[1])["changes"]
    assert change["called"] == [{"kind": "numbers", "name": "+49 7022 27978*", "example": "+49702227978"}]
    assert (change["callers"], change["new"]) == ("everybody", "get through")
    assert all(interval["from"].endswith("T15:30") and interval["to"].endswith("T17:00") for interval in change["when"])
    assert 3 <= len(change["when"]) <= 5


def test_a_step_that_asks_elsewhere_may_answer_anything(tmp_path):
    text = 'version: 1\ngates: {{g: {{protects: {{numbers: ["7000"]}}, identify: [{{webservice: {{url: "https://x.example/{}"{}}}}}]}}}}\n'
    (tmp_path / "old.yaml").write_text(text.format("a", ""))
    for instead, changes in (
        (("a", ', timeouts: {total: "4s"}'), 0),
        (("b", ""), 1),
        (("a", ", on_failure: {reject: false}"), 1),
    ):
        (tmp_path / "new.yaml").write_text(text.format(*instead))
        run = CliRunner().invoke(main, ["diff", str(tmp_path / "old.yaml"), str(tmp_path / "new.yaml")])
        assert run.exit_code == changes, run.output
        assert ("what is asked elsewhere" in run.output) == bool(changes)


@pytest.mark.parametrize(
    ("setting", "name"),
    [
        ("route: {context: x}", "the context that calls go on in"),
        ("reject_with: 603", "how calls are rejected"),
        ('forward_correct: "20"', "where the right PIN leads"),
        ('forward_incorrect: "20"', "where wrong PINs lead"),
        ("attempts: 1", "the attempts"),
        ("prompts: {wrong_pin: vipgate-rejected.wav}", "the prompts"),
        ('timing: {first_digit: "4s"}', "the time for digits"),
        ("lockout: {gate_failures: 20}", "the lockout"),
    ],
)
def test_what_the_gate_makes_of_any_answer_is_compared(tmp_path, setting, name):
    gate = 'protects: {numbers: ["7000"]}, identify: [{webservice: {url: "https://x.example/"}}], otherwise: {reject: false}'
    (tmp_path / "old.yaml").write_text(f"version: 1\ngates: {{g: {{{gate}}}}}\n")
    (tmp_path / "new.yaml").write_text(f"version: 1\ngates: {{g: {{{gate}, {setting}}}}}\n")
    run = CliRunner().invoke(main, ["diff", str(tmp_path / "old.yaml"), str(tmp_path / "new.yaml")])
    sentence = f"Calls to 7000 get through unless webservice says otherwise as before, but with other: {name}."
    assert (run.exit_code, sentence in run.stdout) == (1, True), run.output


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        ("A", "AF", 0),
        ("AB", "ABF", 0),
        ("AB", "AFB", 1),
        ("A", "AA", 0),
        ("A", "AAF", 0),
        ("ABA", "ABAF", 0),
        ("AFB", "AAFB", 0),
        ("AFB", "AFAB", 0),
        ("AB", "BA", 1),
    ],
)
def test_what_leads_to_the_same_is_no_change(tmp_path, before, after, changes):
    """Webservices A and B, F: rejects when it fails, as otherwise does."""
    for name, steps in (("old.yaml", before), ("new.yaml", after)):
        written = (
            f'{{webservice: {{url: "https://{step[0]}.example/"{", on_failure: {reject: true}" * len(step[1:])}}}}}'
            for step in re.findall("[AB]F?", steps)
        )
        gate = f'{{protects: {{numbers: ["7000"]}}, identify: [{", ".join(written)}]}}'
        (tmp_path / name).write_text(f"version: 1\ngates: {{g: {gate}}}\n")
    run = CliRunner().invoke(main, ["diff", str(tmp_path / "old.yaml"), str(tmp_path / "new.yaml")])
    assert run.exit_code == changes, run.output


def test_steps_in_one_line_are_told_apart(tmp_path):
    step = '{{webservice: {{url: "https://x.example/{}"}}}}'
    text = f'version: 1\ngates: {{{{g: {{{{protects: {{{{numbers: ["7000"]}}}}, identify: [{step}, {step}]}}}}}}}}\n'
    (tmp_path / "old.yaml").write_text(text.format("a", "z"))
    (tmp_path / "new.yaml").write_text(text.format("b", "z"))
    run = CliRunner().invoke(main, ["diff", str(tmp_path / "old.yaml"), str(tmp_path / "new.yaml")])
    assert (run.exit_code, "what is asked elsewhere" in run.output) == (1, True)


def test_what_another_country_makes_of_the_same_digits_is_compared(diff):
    status, output = diff(("country: DE", "country: AT"))
    assert status == 1
    assert "from numbers written like 017612345678 were asked for a PIN, now are rejected (busy)." in output


def test_withheld_words_are_compared(diff):
    withheld = 'country: DE\n  withheld: ["0176 12345678"]'
    status, output = diff(("country: DE ", f"{withheld} "))
    assert status == 1
    assert "Calls to 7000-7099 from numbers written like 0176 12345678" in output


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        (
            ("AT", "a: {protects: {numbers: ['+49 30 23125*']}, otherwise: {reject: true}}"),
            ("AT", "b: {protects: {numbers: ['4930*']}, otherwise: {reject: false}}"),
            "Calls to numbers written like 493023125 were rejected (busy), now get through.",
        ),
        (
            ("DE", "a: {protects: {numbers: ['7000']}, identify: [{callers: {withheld: pass}}]}"),
            ("PT", ""),
            "Calls to 7000 from numbers written like 266696687 got through, now are rejected (busy).",
        ),
        (
            (
                "DE",
                "a: {protects: {numbers: ['7000']}, identify: [{callers: {reject: ['+49 176*'], hidden: as_withheld}}]}",
            ),
            ("DE", "b: {protects: {numbers: ['7001']}, otherwise: {reject: true}}"),
            "Calls to 7001 got through, now are rejected (busy).",
        ),
    ],
)
def test_numbers_are_compared_as_they_may_be_written(tmp_path, before, after, sentence):
    """A number that fits nothing may be taken for another; a word on the keypad may be a number elsewhere."""
    for name, country, gates in (("old", before[0], before[1:]), ("new", after[0], (before[1], after[1]))):
        lines = "".join(f"  {gate}\n" for gate in gates)
        (tmp_path / f"{name}.yaml").write_text(f"version: 1\nsite: {{country: {country}}}\ngates:\n{lines}")
    run = CliRunner().invoke(main, ["diff", str(tmp_path / "old.yaml"), str(tmp_path / "new.yaml")])
    assert sentence in run.stdout.splitlines(), run.output
    shown = [line.split()[1:] for line in run.stdout.splitlines() if line.startswith("    vipgate explain ")]
    for command in shown:
        found = [
            CliRunner().invoke(main, ["--config", str(tmp_path / name), *command, "--no-store", "--format", "json"])
            for name in ("old.yaml", "new.yaml")
        ]
        assert json.loads(found[0].stdout)["verdict"] != json.loads(found[1].stdout)["verdict"], command


def test_another_header_with_the_called_number_is_no_silent_change(diff):
    status, output = diff(("country: DE ", "country: DE\n  called_number: [To, Request-URI] "))
    assert status == 1
    assert "site.called_number was Request-URI, now To, Request-URI: " in output


def test_numbers_of_users_are_told_from_others(tmp_path):
    numbers = '  desk: {protects: {numbers: ["700?"]}, otherwise: {reject: true}}\n'
    people = "  people: {protects: {users: [alice]}, otherwise: {reject: false}}\n"
    for name, gates in (("old.yaml", numbers + people), ("new.yaml", people + numbers)):
        (tmp_path / name).write_text(f"version: 1\ngates:\n{gates}")
    run = CliRunner().invoke(main, ["diff", str(tmp_path / "old.yaml"), str(tmp_path / "new.yaml")])
    assert run.stdout.splitlines()[0] == "Calls to 700? of user alice were rejected (busy), now get through."
    assert " --to 7000 --user alice " in run.stdout
    assert len(run.stdout.splitlines()) == 2


def test_targets_that_overlap_in_part_are_told_apart(tmp_path):
    text = "version: 1\ngates:\n  a: {{protects: {{numbers: ['700?']}}, otherwise: {{reject: {}}}}}\n"
    other = "  b: {protects: {numbers: ['7*5']}, otherwise: {reject: true}}\n"
    (tmp_path / "old.yaml").write_text(text.format("true"))
    (tmp_path / "new.yaml").write_text(text.format("true") + other)
    run = CliRunner().invoke(main, ["diff", str(tmp_path / "old.yaml"), str(tmp_path / "new.yaml")])
    assert run.stdout.splitlines()[0] == "Calls to 7*5 (without 700?) got through, now are rejected (busy)."


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A folder under git: runs git in it."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)

    def git(*arguments, folder=tmp_path):
        by = ["-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "protocol.file.allow=always"]
        subprocess.run(["git", *by, *arguments], cwd=folder, check=True, timeout=60, capture_output=True)

    git("init", "-q")
    return git


def since(file, revision="HEAD"):
    run = CliRunner().invoke(main, ["diff", "--since", revision, str(file)])
    return run.exit_code, run.output


def test_since_a_revision_of_git(repository, tmp_path):
    file = tmp_path / "vipgate.yaml"
    file.write_text(EXAMPLE)
    repository("add", ".")
    repository("commit", "-qm", "x")
    assert since(file)[0] == 0
    file.write_text(EXAMPLE.replace("attempts: 2", "attempts: 3"))
    status, output = since(file)
    assert (status, "the attempts" in output) == (1, True)
    status, output = since(file, "no-such-revision")
    assert (status, "Error: fatal: " in output) == (2, True)
    status, output = since(file, f"--output={tmp_path}/x")
    assert (status, "is no revision of git" in output) == (2, True)


def test_a_revision_has_the_lists_of_then(repository, tmp_path, monkeypatch):
    """And Windows line ends, a link to the file, or a hook of git make no difference."""
    folder, file = tmp_path / "rules", tmp_path / "rules" / "vipgate.yaml"
    for path in (folder / "lists", tmp_path / "others"):
        path.mkdir(parents=True)
    lists = (folder / "lists" / "vips.csv", tmp_path / "others" / "bad.csv", tmp_path / "untracked.csv")
    files = [f"callers: {{file: {name}}}" for name in ("lists/vips.csv", "../others/bad.csv", "../untracked.csv")]
    steps = ", ".join(f"{{{one}}}" for one in files)
    file.write_bytes(
        f"version: 1\r\ngates: {{g: {{protects: {{numbers: ['7000']}}, identify: [{steps}]}}}}\r\n".encode()
    )
    for place, one in enumerate(lists):
        one.write_text(f"number,verdict\n+4917612345{place}00,pass\n")
    repository("add", "rules", "others")
    repository("commit", "-qm", "x")
    (folder / "link.yaml").symlink_to(file)
    monkeypatch.setenv("GIT_DIR", ".git")
    assert [since(one)[0] for one in (file, folder / "link.yaml")] == [0, 0]
    for one in lists[:2]:
        was = one.read_text()
        one.write_text(was.replace("pass", "reject"))
        status, output = since(file)
        assert status == 1
        assert "got through, now are rejected" in output
        one.write_text(was)
    lists[0].unlink()
    assert since(file)[0] == 2, "what is there now names it"


def test_a_revision_of_a_submodule(repository, tmp_path):
    module = tmp_path / "module"
    module.mkdir()
    repository("init", "-q", folder=module)
    (module / "vipgate.yaml").write_text(EXAMPLE)
    repository("add", ".", folder=module)
    repository("commit", "-qm", "x", folder=module)
    outer = tmp_path / "outer"
    outer.mkdir()
    repository("init", "-q", folder=outer)
    repository("submodule", "add", "-q", str(module), "rules", folder=outer)
    repository("commit", "-qm", "x", folder=outer)
    assert since(outer / "rules" / "vipgate.yaml")[0] == 0


def test_a_file_that_is_in_no_repository_has_no_revision(tmp_path):
    (tmp_path / "vipgate.yaml").write_text(EXAMPLE)
    status, output = since(tmp_path / "vipgate.yaml")
    assert (status, len(output.splitlines())) == (2, 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["no-such.yaml", "no-such.yaml"], "Error: no-such.yaml: No such file or directory"),
        (["one.yaml"], "name two files, OLD and NEW, or one, and --running or --since a revision of git"),
    ],
)
def test_what_cannot_be_compared_is_said_in_one_line(arguments, message):
    run = CliRunner().invoke(main, ["diff", *arguments])
    assert run.exit_code == 2
    assert message in run.output


def large(folder, gates, *, country="DE", missing=0, until="17:00"):
    """A file with 20 schedules and a list of 200 callers for each gate; it has its list in a file, without the last few."""
    callers = [f"+49176{number:08}" for number in range(200 * gates)]
    name = f"{country}{missing}{until[:2]}"
    (folder / f"{name}.csv").write_text("number\n" + "\n".join(callers[: len(callers) - missing]) + "\n")
    schedules = {
        f"s{n}": [{"days": "mon-fri", "from": f"0{n % 9}:00", "to": until if n == 7 else "17:00"}] for n in range(20)
    }
    steps = {
        f"g{n}": {
            "protects": {"numbers": [f"+49 7022 2{n:03}*"]},
            "active": {"outside": f"s{n % 20}"},
            "identify": [{"callers": {"file": f"{name}.csv"}} if n == 0 else {"static_pin": {"pin": "4711"}}],
        }
        for n in range(gates)
    }
    site = {"country": country, "holidays": "DE-BW"}
    path = folder / f"{name}.yaml"
    path.write_text(json.dumps({"version": 1, "site": site, "schedules": schedules, "gates": steps}))
    return path, callers


def compared(*files):
    run = CliRunner().invoke(main, ["diff", *map(str, files), "--format", "json"])
    assert run.exit_code == 1, run.output
    return json.loads(run.stdout)["changes"]


def test_many_gates_and_callers_and_20_schedules(tmp_path):
    """`make diff-large` has 500 gates and 100,000 callers, and a bound of CPU and memory."""
    old, callers = large(tmp_path, GATES)
    changes = compared(old, large(tmp_path, GATES, missing=1, until="18:00")[0])
    assert len(changes) == GATES // 20 + 1
    (of_list,) = [change for change in changes if change["callers"] != "everybody"]
    assert of_list["callers"] == [{"kind": "number", "name": callers[-1], "example": callers[-1]}]
    assert_is_cheap()


def test_many_gates_and_callers_in_another_country(tmp_path):
    changes = compared(large(tmp_path, GATES)[0], large(tmp_path, GATES, country="AT")[0])
    assert len(changes) == GATES + 1
    assert_is_cheap()


def assert_is_cheap():
    """In a process of its own only, which `make diff-large` gives to each."""
    if GATES >= 500:
        spent, used = os.times(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        sys.stdout.write(f"{spent.user + spent.system:.1f} s of CPU, {used} MB, the test's own among them\n")
        assert (spent.user + spent.system < 10, used < 500) == (True, True)


@pytest.mark.parametrize("country", ["DE", "AT"])
def test_twice_as_many_gates_and_callers_take_hardly_more_than_twice_as_long(tmp_path, country):
    """Counted in calls of functions, which no other process changes."""

    def spent(gates):
        files = large(tmp_path, gates)[0], large(tmp_path, gates, country=country, missing=1, until="18:00")[0]
        profile = cProfile.Profile()
        profile.runcall(compared, *files)
        return sum(entry.callcount for entry in profile.getstats())

    once = spent(5)
    assert spent(10) < 2.2 * once


def test_the_same_pins_are_the_same_however_they_are_written(tmp_path):
    text = 'version: 1\ngates: {{g: {{protects: {{numbers: ["7000"]}}, identify: [{{static_pin: {{{}}}}}], route: {{context: {}}}}}}}\n'
    once, again = 'pin: "471108"', 'pins: [{pin: "471108"}]'
    over = 'pins: [{pin: "471108", valid_until: "2020-01-01"}]'
    for before, after in (((once, "a"), (again, "a")), ((over, "a"), (over, "b"))):
        (tmp_path / "old.yaml").write_text(text.format(*before))
        (tmp_path / "new.yaml").write_text(text.format(*after))
        run = CliRunner().invoke(main, ["diff", str(tmp_path / "old.yaml"), str(tmp_path / "new.yaml")])
        assert run.exit_code == 0, run.output


def test_the_order_of_very_many_gates_is_compared_in_part_and_that_is_said(tmp_path):
    gates = [
        f"  g{n}: {{protects: {{numbers: ['70{n:02}'], users: [u{n}]}}, otherwise: {{forward: '{n + 10}'}}}}\n"
        for n in range(30)
    ]
    for name, ordered in (("old.yaml", gates), ("new.yaml", gates[::-1])):
        (tmp_path / name).write_text("version: 1\ngates:\n" + "".join(ordered))
    run = CliRunner().invoke(main, ["diff", str(tmp_path / "old.yaml"), str(tmp_path / "new.yaml")])
    assert run.exit_code == 1
    assert "not all calls to numbers of users and groups are compared" in run.stdout.splitlines()[-1]


def test_a_webservice_that_is_asked_about_other_numbers_may_answer_otherwise(tmp_path):
    text = 'version: 1\nsite: {{country: {}}}\ngates: {{g: {{protects: {{numbers: ["7000"]}}, identify: [{{webservice: {{url: "https://x.example/?c=###CALLER_NUMBER###"}}}}]}}}}\n'
    for name, country in (("old.yaml", "DE"), ("same.yaml", "DE"), ("new.yaml", "AT")):
        (tmp_path / name).write_text(text.format(country))
    run = CliRunner().invoke(main, ["diff", str(tmp_path / "old.yaml"), str(tmp_path / "new.yaml")])
    assert (run.exit_code, "may answer otherwise; that is not compared" in run.stdout) == (1, True)
    run = CliRunner().invoke(main, ["diff", str(tmp_path / "old.yaml"), str(tmp_path / "same.yaml")])
    assert run.exit_code == 0


@pytest.mark.parametrize(
    ("settings", "renamed", "written"),
    [
        ("webservice: {url: 'https://gate.example/number'}", 0, 0),
        ("webservice: {url: 'https://x.example/?g=###GATE###'}", 1, 0),
        ("webservice: {url: 'https://x.example/?c=###CALLER_NUMBER###'}", 0, 1),
        ("webservice: {url: 'https://x.example/', method: POST}", 1, 1),
        (
            "database: {url: 'sqlite:////x.db', query: 'select verdict from t where n = :caller_number and g = :gate'}",
            1,
            1,
        ),
        ("database: {url: 'sqlite:////x.db', query: 'select verdict from gates where c = :caller_name'}", 0, 0),
        ("static_pin: {pin: '471108'}", 0, 0),
    ],
)
def test_a_gate_with_another_name_matters_to_those_who_are_told_it(tmp_path, settings, renamed, written):
    text = "version: 1\nsite: {{number_format: '{}'}}\ngates: {{{}: {{protects: {{numbers: ['7000']}}, identify: [{{{}}}]}}}}\n"
    for name, number_format, gate in (("old.yaml", "00", "g"), ("renamed.yaml", "00", "h"), ("written.yaml", "+", "g")):
        (tmp_path / name).write_text(text.format(number_format, gate, settings))
    found = [
        CliRunner().invoke(main, ["diff", str(tmp_path / "old.yaml"), str(tmp_path / name)])
        for name in ("renamed.yaml", "written.yaml")
    ]
    assert [one.exit_code for one in found] == [renamed, written], [one.output for one in found]


def test_the_order_of_many_gates_is_compared_in_little_space():
    """Everybody who is decided on earlier is named for each gate: each name is there once."""
    text = "".join(f"  g{n}: {{protects: {{numbers: ['7{n:03}'], users: [u{n}]}}}}\n" for n in range(200))
    ordered, turned = text.splitlines(keepends=True), text.splitlines(keepends=True)[::-1]
    old, new = (Side.of(config.load_text(one).configuration, one) for one in map(_gates, (ordered, turned)))
    parties = [party for _, parties in everything_called(old, new).pairs.values() for party in parties]
    names = [name for party in parties for name in party.unless]
    assert len(names) > 40_000
    assert len(set(map(id, names))) <= 600


def _gates(lines):
    return ("version: 1\ngates:\n" + "".join(lines)).encode()
