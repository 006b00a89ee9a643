"""The inbound event socket against a switch that behaves, and ones that do not."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager, suppress

import pytest

from vipgate_fs.esl import inbound
from vipgate_fs.esl.inbound import Inbound, PasswordRefused, Unreachable
from vipgate_fs.secret import Secret

GREETING = b"Content-Type: auth/request\n\n"
ACCEPTED = b"Content-Type: command/reply\nReply-Text: +OK accepted\n\n"
REFUSED = b"Content-Type: command/reply\nReply-Text: -ERR invalid\n\n"
EVENT = b"Content-Length: 26\nContent-Type: text/event-plain\n\nEvent-Name: HEARTBEAT\nA: 1"
RUDE = b"Content-Type: text/rude-rejection\nContent-Length: 24\n\nAccess Denied, go away.\n"


def api(text):
    return b"Content-Type: api/response\nContent-Length: %d\n\n%b" % (len(text), text)


@contextmanager
def switch(*answers):
    """Somebody who greets with the first answer and gives the others to commands; the commands, and the port."""
    heard = []

    def serve():
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(10)
            for answer in answers:
                with suppress(OSError):  # who has waited long enough does not read on
                    connection.sendall(answer)
                command = b""
                while not command.endswith(b"\n\n"):
                    data = connection.recv(1000)
                    if not data:
                        return
                    command += data
                heard.append(command)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1], heard
        thread.join(10)


def connected(port):
    return Inbound("127.0.0.1", port, Secret("s3cret"))


def test_it_logs_in_and_asks():
    with switch(GREETING, ACCEPTED, EVENT + api(b"true\n")) as (port, heard), connected(port) as connection:
        assert connection.api("module_exists mod_sndfile") == "true"
        assert heard[0] == b"auth s3cret\n\n"
        (event,) = connection.events(0.01)
        assert event.event_name == "HEARTBEAT"
    assert heard[1] == b"api module_exists mod_sndfile\n\n"


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ((RUDE,), "apply-inbound-acl"),
        ((b"HTTP/1.1 400 Bad Request\n\n",), "no event socket"),
        ((GREETING, b"Content-Length: x\n\n"), "a body of"),
    ],
)
def test_whoever_is_no_switch_for_us_says_why(answers, why):
    with switch(*answers) as (port, _), pytest.raises(Unreachable, match=why):
        connected(port)


def test_a_password_that_is_refused_is_not_shown():
    with switch(GREETING, REFUSED) as (port, _), pytest.raises(PasswordRefused) as refused:
        connected(port)
    assert "s3cret" not in str(refused.value)


def test_a_switch_that_says_nothing_is_not_waited_for_without_end(monkeypatch):
    monkeypatch.setattr(inbound, "CONNECT_TIMEOUT", 0.2)
    with switch(b"") as (port, _), pytest.raises(Unreachable, match="no answer in time"):
        connected(port)


def test_nobody_listens():
    with pytest.raises(Unreachable, match="refused"):
        Inbound("127.0.0.1", 1, Secret("s3cret"))


def test_a_command_is_one_line():
    with (
        switch(GREETING, ACCEPTED) as (port, _),
        connected(port) as connection,
        pytest.raises(ValueError, match="line"),
    ):
        connection.api("status\n\napi shutdown")


def test_an_application_is_run_on_a_channel():
    with switch(GREETING, ACCEPTED, ACCEPTED) as (port, heard), connected(port) as connection:
        assert connection.execute("a-b-c", "record", "/tmp/a.wav 60").startswith("+OK")
        with pytest.raises(ValueError, match="line"):
            connection.execute("a-b-c", "log", "INFO a\nexecute-app-name: system")
    assert heard[1] == (
        b"sendmsg a-b-c\ncall-command: execute\nexecute-app-name: record\nexecute-app-arg: /tmp/a.wav 60\n\n"
    )


def test_a_switch_that_sends_events_without_end_is_not_waited_for_without_end(monkeypatch):
    with switch(GREETING, ACCEPTED, EVENT * 200_000 + api(b"too late")) as (port, _), connected(port) as connection:
        monkeypatch.setattr(inbound, "ANSWER_TIMEOUT", 0.05)
        with pytest.raises(Unreachable, match="no answer in time"):
            connection.api("status")
