"""`--config` is taken wherever somebody may say it."""

from __future__ import annotations

import os

import pytest
from click.testing import CliRunner

from vipgate_fs.cli import main

CONFIGURATION = """\
version: 1
store: sqlite:///state.db
gates: {support: {protects: {numbers: ["7000"]}, identify: [{guest_pin: {}}]}}
"""


@pytest.mark.parametrize(
    "command",
    [
        "--config FILE check",
        "check --config FILE",
        "--config nowhere.yaml check --config FILE",
        "--config nowhere.yaml check FILE",
        "--config FILE pin issue --gate support",
        "pin --config FILE issue --gate support",
        "pin issue --gate support --config FILE",
        "pin --config nowhere.yaml issue --gate support --config FILE",
        "--config FILE override",
        "override --config FILE",
        "--config FILE explain --from 1 --to 7000",
    ],
)
def test_where_it_is_said_makes_no_difference(tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    tmp_path.joinpath("site.yaml").write_text(CONFIGURATION)
    result = CliRunner().invoke(main, command.replace("FILE", "site.yaml").split())
    assert result.exit_code == 0, result.output


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    "command",
    [
        "check PIPE",
        "check names-one.yaml",
        "explain --config PIPE --from 1 --to 7000",
        "override --config PIPE",
        "audit --config PIPE",
        "test PIPE",
        "diff PIPE site.yaml",
        "diff site.yaml PIPE",
        "replay --config site.yaml PIPE",
        "init --config new.yaml --from starface PIPE",
        "init --config new.yaml --from freepbx PIPE",
        "dialplan --config site.yaml --diff PIPE",
        "doctor --config site.yaml --password-file PIPE",
    ],
)
def test_no_command_waits_for_a_named_pipe(tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    os.mkfifo("PIPE")
    tmp_path.joinpath("site.yaml").write_text(CONFIGURATION)
    secret = "{webservice: {url: 'https://h/', auth: {bearer: {file: PIPE}}, ca_file: PIPE}}"
    page = "server: {admin: '127.0.0.1:1', admin_names: [h], admin_tls: {certificate: PIPE, key: PIPE}}\n"
    names_one = CONFIGURATION.replace("identify: [", f"identify: [{secret}, {{callers: {{file: PIPE}}}}, ")
    tmp_path.joinpath("names-one.yaml").write_text(names_one + page)
    result = CliRunner().invoke(main, command.split())
    assert result.exit_code in {1, 2}, result.output
    assert result.output.count("not a regular file") == (4 if "names" in command else 1), result.output


def test_what_the_shell_passes_on_is_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tmp_path.joinpath("site.yaml").write_text(CONFIGURATION)
    reading, writing = os.pipe()
    try:
        os.write(writing, CONFIGURATION.encode())
        os.close(writing)
        result = CliRunner().invoke(main, ["diff", f"/dev/fd/{reading}", "site.yaml"])
    finally:
        os.close(reading)
    assert result.exit_code == 0, result.output
