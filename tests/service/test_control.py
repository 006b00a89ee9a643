"""The control socket: who is heard, and what comes of questions that nobody expects."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass

import pytest

from vipgate_fs.service import control
from vipgate_fs.service.control import RELOAD, STATUS, Answer, Control, NoService, ask_for_status, ask_to_reload


@dataclass
class Later:
    """A status with a field that this version does not know."""

    mood: str = "fine"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "vipgate.yaml"


@pytest.fixture
def serve(path):
    """Serve one client in a thread."""
    service = Control(path)
    threads = []

    def start(answers):
        threads.append(threading.Thread(target=service.serve, args=(answers,)))
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


def test_there_is_one_for_a_file(serve, path):
    with pytest.raises(OSError, match="in use"):
        Control(path)
