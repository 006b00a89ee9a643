"""Where the switch's event socket is and by which password: never an argument, and in nobody's output."""

from __future__ import annotations

import os

import pytest

from vipgate_fs.doctor import asking
from vipgate_fs.doctor.asking import PASSWORD, asked, find_socket
from vipgate_fs.esl.inbound import Unreachable

WRITTEN = """<configuration name="event_socket.conf"><settings>
  <!-- <param name="password" value="an old one"/> -->
  <param name="listen-ip" value="::"/><param name="listen-port" value="8022"/>
  <param name="password" value="$${esl_password}"/>
</settings></configuration>"""


@pytest.fixture(autouse=True)
def no_switch_of_this_machine(monkeypatch):
    monkeypatch.setattr(asking, "FOLDERS", ())
    monkeypatch.delenv(PASSWORD, raising=False)


@pytest.fixture
def settings(tmp_path):
    folder = tmp_path / "freeswitch"
    (folder / "autoload_configs").mkdir(parents=True)
    (folder / "vars.xml").write_text('<include>\n<X-PRE-PROCESS cmd="set" data="esl_password=s3cret"/>\n</include>')
    file = folder / "autoload_configs" / "event_socket.conf.xml"
    file.write_text(WRITTEN)
    return file


def parts(found):
    host, port, password = found
    assert "s3cret" not in repr(found)
    return host, port, password.reveal()


def test_the_switchs_own_file_says_it(settings):
    assert parts(find_socket(None, None, settings)) == ("::1", 8022, "s3cret")


def test_the_first_of_the_usual_places_that_has_one(settings, monkeypatch):
    monkeypatch.setattr(asking, "FOLDERS", ("/nowhere", str(settings.parent.parent)))
    assert parts(find_socket(None, None, None)) == ("::1", 8022, "s3cret")
    assert parts(find_socket(("10.0.0.1", 1), None, None)) == ("10.0.0.1", 1, "s3cret")


def test_a_variable_of_the_environment_wins_over_it_and_a_file_over_both(settings, monkeypatch, tmp_path):
    monkeypatch.setenv(PASSWORD, "of the environment")
    assert parts(find_socket(None, None, settings))[2] == "of the environment"
    (tmp_path / "password").write_text("of a file\n")
    assert parts(find_socket(None, tmp_path / "password", settings))[2] == "of a file"


def test_a_named_file_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        find_socket(None, tmp_path / "password", None)
    with pytest.raises(FileNotFoundError):
        find_socket(None, None, tmp_path / "event_socket.conf.xml")


@pytest.mark.parametrize("port", ["$${esl_port}", "80²1", "-1", "", "0", "65536"])
def test_a_port_that_is_none_is_said_and_can_be_named(settings, port):
    settings.write_text(WRITTEN.replace("8022", port))
    with pytest.raises(Unreachable, match="--switch HOST:PORT"):
        find_socket(None, None, settings)
    assert parts(find_socket(("::1", 8022), None, settings)) == ("::1", 8022, "s3cret")


@pytest.mark.parametrize("written", [b"s3cret\xff", b"s3cret\0", b"s3cret\nanother"])
def test_a_password_that_is_none_is_said_without_it(settings, tmp_path, monkeypatch, written):
    (tmp_path / "password").write_bytes(written)
    with pytest.raises(Unreachable, match="password") as refused:
        find_socket(None, tmp_path / "password", settings)
    assert "s3cret" not in str(refused.value)
    if b"\0" not in written:
        monkeypatch.setenv(PASSWORD, os.fsdecode(written))
        with pytest.raises(Unreachable, match="password"):
            find_socket(None, None, settings)


def test_without_a_password_fs_cli_asks(tmp_path, monkeypatch):
    assert find_socket(None, None, None) is None
    script = tmp_path / "fs_cli"
    script.write_text('#!/bin/sh\n[ "$4" = version ] || { echo "no such switch" >&2; exit 255; }\necho 1.10.12\n')
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with asked(None) as ask:
        assert ask("version") == "1.10.12"
        with pytest.raises(Unreachable, match="no such switch"):
            ask("status")


def test_without_fs_cli_there_is_nobody_to_ask(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unreachable, match="no fs_cli"), asked(None):
        pass
