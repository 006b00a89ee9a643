"""What `vipgate audit` reports; that its formula holds is in tests/store/test_patience.py."""

import json

import pytest
from click.testing import CliRunner

from vipgate_fs.cli import main


def test_audit_has_a_row_for_each_gate(tmp_path):
    file = tmp_path / "vipgate.yaml"
    file.write_text(
        "version: 1\ngates:\n"
        "  g: {protects: {numbers: ['7000']}, identify: [{static_pin: {pin: '471108'}}]}\n"
        "  h: {protects: {numbers: ['7001']}, otherwise: {forward: '1'}}\n"
    )
    run = CliRunner().invoke(main, ["--config", str(file), "audit", "--format", "json"])
    known, unknown = json.loads(run.stdout)
    assert (known["line"], known["right_pins"], known["digits"]) == (3, 1, 6)
    assert (known["attempts_from_one"], known["attempts_from_many"]) == ([7, 13, 741], [52, 60, 2244])
    assert (known["chance_from_one"], known["chance_from_many"]) == (pytest.approx(0.000741), pytest.approx(0.002244))
    assert known["digits_needed"] is None
    assert (unknown["gate"], unknown["digits"], unknown["chance_from_many"]) == ("h", None, 0.0)
    run = CliRunner().invoke(main, ["--config", str(file), "audit"])
    assert "0.224 %" in run.output
    assert "471108" not in run.output
