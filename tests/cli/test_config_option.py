"""`--config` is taken wherever somebody may say it."""

from __future__ import annotations

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
