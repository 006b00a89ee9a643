"""The control socket: who is heard, and what comes of questions that nobody expects."""

from __future__ import annotations

import errno
import os
import select
import threading
from dataclasses import dataclass

import pytest

from vipgate_fs.service import control, port
from vipgate_fs.service.control import RELOAD, STATUS, Answer, Control, NoService, ask_for_status, ask_to_reload
from vipgate_fs.service.timings import Timings


@dataclass
class Later:
    """A status with a field that this version does not know."""

    mood: str = "fine"


@pytest.fixture
def path(tmp_path):
    """By a link that can be switched to another release."""
    for release in ("one", "two"):
        tmp_path.joinpath(release).mkdir()
    tmp_path.joinpath("current").symlink_to("one")
    return tmp_path / "current" / "vipgate.yaml"


@pytest.fixture
def serve(path):
    """Serve one client in a thread."""
    service = Control(path)
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


def test_a_service_of_another_version(serve, path):
    serve({STATUS: Later})
    with pytest.raises(NoService, match="of another version"):
        ask_for_status(path)


def test_a_service_that_does_not_know_the_question(serve, path):
    serve({RELOAD: Answer})
    with pytest.raises(NoService, match="does not listen to this user, is of another version, or has ended"):
        ask_for_status(path)


def test_other_users_are_not_heard(serve, path, monkeypatch):
    monkeypatch.setattr(control, "_peer", lambda _sock: os.geteuid() + 1)
    serve({RELOAD: Answer})
    with pytest.raises(NoService):
        ask_to_reload(path)


def test_nobody_is_there(path):
    with pytest.raises(NoService, match="no service runs for"):
        ask_for_status(path)


@pytest.mark.parametrize("folder", ["one", "current", "two/../current", "link"])
def test_there_is_one_for_a_file(serve, path, tmp_path, folder):
    tmp_path.joinpath("link").symlink_to("current")
    with pytest.raises(OSError, match="in use"):
        Control(tmp_path / folder / path.name)


@pytest.mark.parametrize("folder", ["one", "current", "one/../current"])
def test_it_is_found_after_its_links_lead_elsewhere(serve, path, tmp_path, folder, monkeypatch):
    path.parent.unlink()
    path.parent.symlink_to("two")
    if folder == "one/../current":
        monkeypatch.chdir(tmp_path)
        tmp_path, folder = path.parent.relative_to(tmp_path), ""
    serve({RELOAD: Answer})
    assert ask_to_reload(tmp_path / folder / path.name) == Answer()


def test_without_a_file_descriptor_for_a_client_the_service_goes_on(path, monkeypatch):
    def fail(_listener):
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(control.plain, "accept", fail)
    service = Control(path)
    service.serve(service.sockets[0], {})
    service.close()


def test_a_status_is_waited_for_as_long_as_a_reload_may_keep_the_supervisor():
    assert Timings().start + port._PATIENCE < control._STATUS_TIMEOUT
