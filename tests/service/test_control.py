"""The control socket: who is heard, who is believed, and what comes of questions and answers that nobody expects."""

from __future__ import annotations

import errno
import json
import os
import select
import socket as stdlib_socket
import subprocess
import sys
import textwrap
import threading
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest
from passable import let_everybody_pass
from well import WELL

from vipgate_fs.document.sources import Content, Reading
from vipgate_fs.service import control, port
from vipgate_fs.service.answers import APPLIED, RELOAD, STATUS, Answer, Handed, NoService
from vipgate_fs.service.applied import seal
from vipgate_fs.service.control import (
    CannotControl,
    Control,
    ask_for_applied,
    ask_for_status,
    ask_to_rehearse,
    ask_to_reload,
)
from vipgate_fs.service.timings import Timings


@dataclass
class Later:
    """A status with a field that this version does not know."""

    mood: str = "fine"


@pytest.fixture
def path(tmp_path, monkeypatch):
    """By a link that can be switched to another release; the service has a runtime directory."""
    runtime = tmp_path / "run"
    for folder in (runtime, tmp_path / "one", tmp_path / "two"):
        folder.mkdir(0o700)
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(runtime))
    tmp_path.joinpath("current").symlink_to("one")
    return tmp_path / "current" / "vipgate.yaml"


@pytest.fixture
def serve(path, tmp_path):
    """Serve one client in a thread."""
    service = Control(path, tmp_path)
    threads = []

    def start(answers):
        wait = lambda: service.serve(select.select(service.sockets, [], [], 10)[0][0], answers)  # noqa: E731 - for a thread
        threads.append(threading.Thread(target=wait))
        threads[-1].start()

    yield start
    for thread in threads:
        thread.join()
    service.close()


def test_a_reload_is_answered(serve, path):
    serve({RELOAD: lambda: Answer("no", ("one", "two"))})
    assert ask_to_reload(path) == Answer("no", ("one", "two"))


def test_a_status_is_answered(serve, path):
    serve({STATUS: lambda: WELL})
    assert ask_for_status(path) == WELL


def test_a_service_of_another_version(serve, path):
    serve({STATUS: Later})
    with pytest.raises(NoService, match="of another version"):
        ask_for_status(path)


def test_a_service_that_does_not_know_the_question(serve, path):
    serve({RELOAD: Answer})
    with pytest.raises(NoService, match=r"is of another version than this command; restart it$"):
        ask_for_status(path)


@pytest.mark.parametrize("ask", [ask_for_applied, ask_to_rehearse])
def test_a_service_of_before_that_closes_without_a_word(path, tmp_path, ask):
    with (
        fake(tmp_path / "run" / control._names(path)[0], []),
        pytest.raises(NoService, match=r"does not listen to this user, is of another version, or has ended$"),
    ):
        ask(path)


@pytest.mark.parametrize("handed", [(), ("/dev/null",), (__file__,)])
def test_what_is_handed_over_and_is_nothing_of_the_kind_is_one_line(serve, path, handed):
    serve({APPLIED: lambda: Handed(Answer(), tuple(os.open(name, os.O_RDONLY) for name in handed))})
    with pytest.raises(NoService, match=r"does not hand over what|is of another version") as caught:
        ask_for_applied(path)
    assert "\n" not in str(caught.value)


def test_what_was_applied_is_handed_over_with_all_that_it_names(serve, path):
    reading = Reading(
        path, b"version: 1", {("list", "a.csv"): Content(path.parent / "a.csv", b"number\n" * 100_000, 0o600)}
    )
    serve({APPLIED: lambda: Handed(Answer(), (seal(reading),))})
    assert ask_for_applied(path) == reading


def test_what_is_handed_over_can_not_be_altered():
    descriptor = seal(Reading(Path("x"), b"version: 1", {}))
    with pytest.raises(PermissionError):
        os.write(descriptor, b"x")
    with pytest.raises(PermissionError):
        os.ftruncate(descriptor, 0)
    os.close(descriptor)


def test_other_users_are_not_heard(serve, path, monkeypatch):
    peer = control._peer
    monkeypatch.setattr(control, "_peer", lambda sock: peer(sock) + (threading.current_thread().name != "MainThread"))
    serve({RELOAD: Answer})
    with pytest.raises(NoService):
        ask_to_reload(path)


def test_nobody_is_there(path):
    with pytest.raises(NoService, match="no service runs for"):
        ask_for_status(path)


@pytest.mark.parametrize("folder", ["one", "current", "two/../current", "link"])
def test_there_is_one_for_a_file(serve, path, tmp_path, folder):
    tmp_path.joinpath("link").symlink_to("current")
    with pytest.raises(CannotControl, match="is running"):
        Control(tmp_path / folder / path.name, tmp_path)


@pytest.mark.parametrize("folder", ["one", "current", "one/../current"])
def test_it_is_found_after_its_links_lead_elsewhere(serve, path, tmp_path, folder, monkeypatch):
    path.parent.unlink()
    path.parent.symlink_to("two")
    if folder == "one/../current":
        monkeypatch.chdir(tmp_path)
        tmp_path, folder = path.parent.relative_to(tmp_path), ""
    serve({RELOAD: Answer})
    assert ask_to_reload(tmp_path / folder / path.name) == Answer()


def test_without_a_file_descriptor_for_a_client_the_service_goes_on(path, tmp_path, monkeypatch):
    def fail(_listener):
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(control.plain, "accept", fail)
    service = Control(path, tmp_path)
    service.serve(service.sockets[0], {})
    service.close()


def test_an_answer_is_waited_for_as_long_as_the_supervisor_may_take():
    timings = Timings()
    assert timings.fork + port._PATIENCE < control._STATUS_TIMEOUT
    assert timings.load + timings.start + port._PATIENCE < control._RELOAD_TIMEOUT


def test_what_a_service_that_was_killed_leaves_keeps_no_other_from_starting(path, tmp_path):
    first = Control(path, tmp_path)
    first.leave()
    second = Control(path, tmp_path)
    second.close()
    assert not list(tmp_path.joinpath("run").iterdir())


@pytest.mark.parametrize("runtime", ["", "nowhere"])
def test_without_a_runtime_directory_it_is_beside_the_configuration_or_the_store(path, tmp_path, monkeypatch, runtime):
    monkeypatch.setenv("RUNTIME_DIRECTORY", runtime and str(tmp_path / runtime))
    service = Control(path, tmp_path / "two")
    assert [entry.name.startswith(".vipgate-") for entry in path.parent.iterdir()] == [True, True]
    service.close()


@contextmanager
def fake(folder, says):
    """A service that says something to whoever connects, then nothing more, and does not close."""
    folder.mkdir(0o700)
    with stdlib_socket.socket(stdlib_socket.AF_UNIX) as listener:
        descriptor = control._open_folder(folder)
        listener.bind(control._within(descriptor))
        os.close(descriptor)
        listener.listen()
        clients = []

        def answer():
            clients.append(listener.accept()[0])
            clients[0].recv(64)
            with clients[0]:
                for piece in says:
                    try:
                        clients[0].sendall(piece)
                    except OSError:
                        return

        thread = threading.Thread(target=answer)
        thread.start()
        yield
        thread.join()


def answer_with(**differs):
    return json.dumps(asdict(WELL) | differs).encode()


@pytest.mark.parametrize(
    "answer",
    [
        b"[" * 100_000,
        b"{}",
        b"null",
        b'"ok"',
        answer_with(uptime="long"),
        answer_with(uptime=10**400),
        answer_with(uptime=float("nan")),
        answer_with(taken_over=1e300),
        answer_with(store=["ok"]),
        answer_with(accepting=1),
        answer_with(workers=None),
        b'{"version": ',
        b"\xff",
    ],
)
def test_an_answer_that_is_none_is_one_line(path, tmp_path, answer):
    with fake(tmp_path / "run" / control._names(path)[0], [answer]), pytest.raises(NoService, match="another version"):
        ask_for_status(path)


def test_an_answer_writes_nothing_on_the_terminal_but_text(path, tmp_path):
    answer = answer_with(store="\x1b]0;owned\x07\nok: all is well\u202e", configuration="/etc/Büro.yaml")
    with fake(tmp_path / "run" / control._names(path)[0], [answer]):
        status = ask_for_status(path)
    assert status.store == r"\x1b]0;owned\x07\nok: all is well\u202e"
    assert status.configuration == "/etc/Büro.yaml"


def test_an_answer_without_end_ends(path, tmp_path, monkeypatch):
    monkeypatch.setattr(control, "_LONGEST_ANSWER", 1_000_000)
    drops = (b"x" * 65536 for _ in range(10_000))
    with fake(tmp_path / "run" / control._names(path)[0], drops), pytest.raises(NoService):
        ask_for_status(path)


def test_an_answer_by_drops_ends_in_time(path, tmp_path, monkeypatch):
    monkeypatch.setattr(control, "_STATUS_TIMEOUT", 0.5)
    drops = (time.sleep(0.1) or b" " for _ in range(100))
    with (
        fake(tmp_path / "run" / control._names(path)[0], drops),
        pytest.raises(NoService, match="does not answer within"),
    ):
        ask_for_status(path)


ROBBED = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
ATTACK = """\
import hashlib, os, socket, sys
os.setgroups([]), os.setgid(65534), os.setuid(65534)
path, folder = sys.argv[1:]
name = hashlib.sha256(os.fsencode(path)).hexdigest()[:32]
taken = [socket.socket(socket.AF_UNIX) for _ in range(3)]
taken[0].bind("\\0vipgate-" + name)  # where it was once
taken[0].listen()
try:
    os.mkdir(f"{folder}/.vipgate-{name}", 0o755)
    taken[1].bind(f"{folder}/.vipgate-{name}/socket")
    taken[1].listen()
except OSError as error:
    print(error.strerror, flush=True)
else:
    print("taken", flush=True)
while True:
    client = (taken[1] if len(sys.argv) > 3 else taken[0]).accept()[0]
    client.send(b"{}")
"""


@contextmanager
def attacker(path, folder):
    command = [sys.executable, "-c", textwrap.dedent(ATTACK), str(path), str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


@pytest.fixture
def passable(tmp_path_factory, monkeypatch):
    """A folder that every user can pass through, with a configuration."""
    folder = tmp_path_factory.mktemp("site")
    let_everybody_pass(folder)
    folder.joinpath("run").mkdir(0o755)
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(folder / "run"))
    return folder / "vipgate.yaml"


@ROBBED
def test_nobody_else_keeps_the_service_from_starting(passable):
    with attacker(passable, passable.parent / "run") as said:
        assert said == "Permission denied"
        Control(passable, passable.parent).close()


@ROBBED
def test_nobody_elses_answer_is_believed(passable):
    """Also where others may write, as in /tmp."""
    passable.parent.joinpath("run").chmod(0o1777)
    with attacker(passable, passable.parent / "run") as said:
        assert said == "taken"
        with pytest.raises(NoService, match="no service runs for"):
            ask_for_status(passable)
        with pytest.raises(CannotControl, match="belongs to somebody else"):
            Control(passable, passable.parent)


FLOOD = """\
import os, socket, sys
os.setgroups([]), os.setgid(65534), os.setuid(65534)
opened = 0
for name in os.listdir(sys.argv[1]):
    for _ in range(300):
        sock = socket.socket(socket.AF_UNIX)
        sock.setblocking(False)
        try:
            sock.connect(f"{sys.argv[1]}/{name}/socket")
            opened += 1
        except OSError:
            pass
print(opened)
"""


@ROBBED
def test_a_flood_of_others_keeps_nobody_out(passable):
    service = Control(passable, passable.parent)
    flood = [sys.executable, "-c", FLOOD, str(passable.parent / "run")]
    assert subprocess.run(flood, capture_output=True, text=True, check=True).stdout == "0\n"
    service.close()
