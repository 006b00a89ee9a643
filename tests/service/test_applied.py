"""What the running service has applied, and what an edit would change: `diff --running`, `reload --dry-run`, `status`."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from passable import let_everybody_pass
from running_service import Service, until

from vipgate_fs.cli import main
from vipgate_fs.service.answers import NoService
from vipgate_fs.service.control import ask_for_applied, ask_for_status, ask_to_rehearse

GATES = """\
  vip:
    protects: {numbers: ["700"]}
    identify:
      - callers: {file: vips.csv}
      - static_pin: {pin: {env: TEST_APPLIED_PIN}}
  desk:
    protects: {numbers: ["701"]}
    identify: [{static_pin: {pin: {file: desk.pin}}}]
"""
LISTED = "number\n+49 176 12345678\n"
SECRETS = ("48159263", "58159263", "68159263")


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """A service that has a list, a secret in a file and one in its environment. Each test edits, and puts back."""
    folder = tmp_path_factory.mktemp("applied")
    let_everybody_pass(folder)
    write(folder)
    service = Service(folder, gates=GATES, env={**os.environ, "TEST_APPLIED_PIN": SECRETS[0]})
    try:
        yield service.listening()
    finally:
        service.destroy()


def write(folder, **files):
    for name, content in {"vips.csv": LISTED, "desk.pin": SECRETS[1], **files}.items():
        (folder / name).write_text(content)
        (folder / name).chmod(0o600)


@pytest.fixture
def vipgate(service):
    """Runs a command that knows nothing of the service's environment; gives exit status, stdout and stderr."""

    def run(*arguments):
        done = CliRunner().invoke(main, [*arguments, "--config", str(service.config)])
        assert not any(secret in done.output for secret in SECRETS)
        assert isinstance(done.exception, SystemExit | None)
        return done.exit_code, done.stdout, done.stderr

    folder, before = service.config.parent, service.config.read_text()
    yield run
    service.config.write_text(before)
    write(folder)


def test_nothing_has_changed(vipgate):
    status, output, _ = vipgate("diff", "--running")
    assert status == 0
    assert output.startswith("no changes from ")
    assert vipgate("reload", "--dry-run")[:2] == (0, f"{output}0 of 0 calls would have ended differently\n")


def test_a_list_that_has_changed_since_counts_as_it_was_applied(service, vipgate):
    service.config.parent.joinpath("vips.csv").write_text(f"{LISTED}+49 176 12345679\n")
    status, output, _ = vipgate("diff", "--running")
    assert status == 1
    assert "Calls to 700 from +4917612345679 were asked for a PIN, now get through." in output
    status, output, _ = vipgate("status")
    assert f"changed: {service.config.parent}/vips.csv" in output
    assert "2, 1 changed since they were applied" in output
    shown = json.loads(vipgate("status", "--format", "json")[1])
    assert (shown["changed"], shown["changed_files"]) == (False, [f"{service.config.parent}/vips.csv"])
    assert len(shown["files"]) == 2


def test_a_list_that_is_gone_is_still_known(service, vipgate):
    service.config.parent.joinpath("vips.csv").unlink()
    service.config.write_text(service.config.read_text().replace("      - callers: {file: vips.csv}\n", ""))
    status, output, _ = vipgate("diff", "--running")
    assert status == 1
    assert "Calls to 700 from +4917612345678 got through, now are asked for a PIN." in output


def test_a_secret_in_a_file_that_has_changed_is_named_and_not_shown(service, vipgate):
    service.config.parent.joinpath("desk.pin").write_text(SECRETS[2])
    status, output, _ = vipgate("diff", "--running")
    assert status == 1
    assert "Calls to 701 are asked for a PIN as before, but with other: the PINs." in output


def test_another_file_is_compared_with_what_runs(service, vipgate, tmp_path):
    new = service.config.with_name("new.yaml")
    new.write_text(service.config.read_text().replace('"701"', '"702"'))
    status, output, _ = vipgate("diff", "--running", str(new))
    assert status == 1
    assert "Calls to 702 got through, now are asked for a PIN." in output


def test_a_dry_run_shows_what_would_change_and_applies_nothing(service, vipgate):
    workers = service.workers
    changes = {"workers: 2": "workers: 1", "desk:\n": "desk:\n    attempts: 2\n", '["701"]': '["701", "701"]'}
    text = service.config.read_text()
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    service.config.write_text(text)
    status, output, notes = vipgate("reload", "--dry-run")
    assert status == 1
    assert "Calls to 701 are asked for a PIN as before, but with other: the attempts." in output
    assert "other settings that change: server" in output
    assert "number 701 is also covered" in notes  # what check says
    assert "nothing has been applied" in notes
    assert service.workers == workers
    shown = json.loads(vipgate("reload", "--dry-run", "--format", "json")[1])
    assert (shown["refused"], shown["settings"], len(shown["diff"]["changes"])) == (False, ["server"], 1)
    assert vipgate("status")[1].count("the file has changed since then") == 1


def test_a_dry_run_says_why_the_reload_would_be_refused(service, vipgate):
    service.config.write_text(service.config.read_text().replace("vips.csv", "none.csv"))
    status, output, notes = vipgate("reload", "--dry-run")
    assert (status, output) == (2, "")
    assert "none.csv: No such file or directory" in notes
    assert "Error: the reload would be refused: the configuration is wrong" in notes
    shown = json.loads(vipgate("reload", "--dry-run", "--format", "json")[1])
    assert (shown["refused"], len(shown["findings"])) == (True, 1)
    assert vipgate("status")[0] == 0  # what was only tried is not refused


NOBODY = """\
import os, sys
from click.testing import CliRunner
from vipgate_fs.cli import diff
asked = ["--running", "--config", sys.argv[1]]
assert CliRunner().invoke(diff.command, asked).exit_code == 0  # and Python may be where only root can read it
os.setgroups([]), os.setgid(65534), os.setuid(65534)
diff.command(asked)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_nobody_else_is_told_what_is_applied(service):
    command = [sys.executable, "-c", NOBODY, str(service.config)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert done.stderr.endswith("only root and the service's own are answered\n")


def test_no_process_holds_more_than_one_copy(service, vipgate):
    """The supervisor has the one that is in force; the process that reads it and the workers have none."""
    vipgate("reload", "--dry-run")
    until(lambda: len(service.children("vipgate-config")) == 1)
    held = {pid: copies(pid) for pid in (service.process.pid, *service.children("vipgate-config"), *service.workers)}
    assert held.pop(service.process.pid) == 1
    assert set(held.values()) == {0}


@pytest.mark.parametrize("ask", [ask_to_rehearse, ask_for_applied])
def test_however_few_descriptors_it_has_a_question_leaves_none_open(service, ask):
    pid = service.process.pid
    until(lambda: len(service.children("vipgate-config")) == 1)
    before = descriptors(pid)
    limits = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    free = next(number for number in range(len(before) + 1) if str(number) not in before)
    answers = []
    try:
        for more in range(1, 9):
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (free + more, limits[1]))
            try:
                answers.append(ask(service.config))
            except NoService:
                answers.append(None)
            finally:
                resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)
    assert None in answers
    assert answers[-1] is not None
    ask_for_status(service.config)  # by now it has come back from the last one
    until(lambda: len(service.children("vipgate-config")) == 1)
    assert descriptors(pid) == before


def descriptors(pid):
    return {entry.name for entry in Path(f"/proc/{pid}/fd").iterdir()}


def copies(pid):
    return sum("vipgate-applied" in str(entry.readlink()) for entry in Path(f"/proc/{pid}/fd").iterdir())
