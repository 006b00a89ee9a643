"""What people meet on their first day."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner
from forked import vipgate
from passable import let_everybody_pass

from vipgate_fs import config
from vipgate_fs.cli import call, explain, main
from vipgate_fs.config import sounds
from vipgate_fs.config import store as stores

CONFIGURATION = """\
version: 1
site: {country: DE}
gates:
  front: {protects: {numbers: ["+49 89 123456-0"]}, identify: [{static_pin: {pin: "0815"}}]}
"""
SEVERAL = ["+49 89 123456-0", "+49 (0)89 123456-0", "089/1234560", "(089) 123 456 0", "+49\u00a089\u2009123456\u20110"]
ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "vipgate.yaml"
    path.write_text(CONFIGURATION)
    return path


@pytest.mark.parametrize("written", SEVERAL)
@pytest.mark.parametrize("command", [explain.command, call.command], ids=["explain", "call"])
def test_a_number_is_called_however_it_is_written(file, command, written):
    speed = ["--speed", "50", "--dial", "0815#"] if command is call.command else []
    arguments = ["--config", str(file), "--from", "+49 176 1234567", "--to", written, *speed]
    output = CliRunner().invoke(command, arguments).output
    assert "484" not in output
    assert "vipgate-passed" in output


@ROOT
def test_root_takes_no_configuration_from_a_folder_that_others_write_to(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VIPGATE_CONFIG", raising=False)
    tmp_path.joinpath("vipgate.yaml").write_text(CONFIGURATION)
    assert config.find() == Path("vipgate.yaml")
    for change in (
        lambda: os.chown(tmp_path / "vipgate.yaml", 65534, 65534),
        lambda: tmp_path.joinpath("vipgate.yaml").chmod(0o666),
        lambda: tmp_path.chmod(0o1777),
    ):
        os.chown(tmp_path / "vipgate.yaml", 0, 0)
        change()
        with pytest.raises(PermissionError, match="plug-ins would run as root"):
            config.find()
        tmp_path.joinpath("vipgate.yaml").chmod(0o644)
    assert config.find(Path("vipgate.yaml")) == Path("vipgate.yaml")


@ROOT
def test_check_sees_with_the_services_eyes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    let_everybody_pass(folder)
    file = folder / "vipgate.yaml"
    file.write_text(CONFIGURATION)
    name = pwd.getpwuid(65534).pw_name
    assert "the store: user 65534 can't write" in vipgate("check", file, "--as-user", name).stdout
    assert "can't write" not in vipgate("check", file).stdout
    file.chmod(0o600)
    done = vipgate("check", file, "--as-user", name)
    assert (done.returncode, done.stderr) == (2, f"{file}: Permission denied\n")
    done = vipgate("check", file, "--as-user", "nobody-at-all")
    assert (done.returncode, "there is no user nobody-at-all on this machine" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    ("content", "remark"),
    [
        (b"", "is empty; allowed: a WAV file"),
        (b"Willkommen!\n", "is no WAV file but something else"),
        (b"ID3\x04\x00\x00\x00\x00\x00\x00\x00\x00", "is no WAV file but an MP3 file"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", None),
    ],
)
@pytest.mark.parametrize("rate", ["", "8000"])
def test_a_prompt_that_is_no_wav_file_is_reported(tmp_path, content, remark, rate):
    folder = tmp_path / "de" / rate
    folder.mkdir(parents=True)
    for name in ("vipgate-welcome.wav", "vipgate-wrong-pin.wav", "vipgate-rejected.wav", "mine.wav"):
        folder.joinpath(name).write_bytes(b"RIFF\x24\x00\x00\x00WAVEfmt ")
    folder.joinpath("mine.wav").write_bytes(content)
    text = CONFIGURATION.replace("country: DE", f"country: DE, sounds: {tmp_path}")
    text = text.replace('"0815"}}]}', '"0815"}}], prompts: {welcome: mine.wav}}')
    findings = "\n".join(map(str, config.load_text(text).findings))
    assert (f"{folder / 'mine.wav'} {remark}" in findings) if remark else not findings


def test_before_the_services_first_start_the_store_is_where_it_will_be(tmp_path, monkeypatch):
    """/etc/vipgate/vipgate.yaml is there, /var/lib/vipgate is not yet: systemd makes it."""
    etc, state = tmp_path / "etc", tmp_path / "var" / "lib" / "vipgate"
    monkeypatch.setattr(stores, "ETC", etc)
    monkeypatch.setattr(stores, "STATE", state)
    etc.joinpath("vipgate").mkdir(parents=True)
    file = etc / "vipgate" / "vipgate.yaml"
    file.write_text(CONFIGURATION)
    loaded = config.load(file)
    assert loaded.configuration.store.key_file == state / "vipgate.key"
    assert "systemd makes it when the service first starts" in "\n".join(map(str, loaded.findings))


@pytest.mark.parametrize("typed", [["override"], ["pin", "issue", "--gate"], ["lockouts", "clear", "--gate"]])
def test_a_shell_completes_the_names_of_gates(file, typed):
    shell = ShellComplete(main, {}, "vipgate", "_VIPGATE_COMPLETE")
    given = ["--config", str(file), *typed]
    assert [each.value for each in shell.get_completions(given, "fr")] == ["front"]
    assert shell.get_completions(given, "x") == []
    file.unlink()
    assert shell.get_completions(given, "fr") == []


@pytest.mark.parametrize("mode", [0o755, 0o700])
def test_a_prompt_that_the_switch_can_not_read_is_reported(tmp_path_factory, monkeypatch, mode):
    monkeypatch.setattr(sounds, "SWITCH", pwd.getpwuid(65534).pw_name)
    site = tmp_path_factory.mktemp("site")
    let_everybody_pass(site)
    folder = site / "de"
    folder.mkdir()
    for name in ("vipgate-welcome.wav", "vipgate-wrong-pin.wav", "vipgate-rejected.wav"):
        folder.joinpath(name).write_bytes(b"RIFF\x24\x00\x00\x00WAVEfmt ")
        folder.joinpath(name).chmod(0o644)
    folder.chmod(mode)
    findings = config.load_text(CONFIGURATION.replace("country: DE", f"country: DE, sounds: {site}")).findings
    assert any("can't read" in str(found) for found in findings) == (mode == 0o700)
