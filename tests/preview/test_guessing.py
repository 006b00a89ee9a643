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


GUESTS = """\
version: 1
store: sqlite:///state.db
gates:
  support: {protects: {numbers: ["7000"]}, identify: [{guest_pin: {}}]}
  both: {protects: {numbers: ["7001"]}, identify: [{guest_pin: {pin: "4711081547"}}]}
"""


@pytest.fixture
def vipgate(tmp_path):
    """Runs a command for a site with guest PINs; gives what it prints for programs."""
    file = tmp_path / "vipgate.yaml"
    file.write_text(GUESTS)

    def run(*arguments):
        done = CliRunner().invoke(main, ["--config", str(file), *arguments, "--format", "json"])
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout), done.stderr

    return run


def test_guest_pins_count_as_long_as_they_are_valid(vipgate):
    issued = [
        vipgate("pin", "issue", "--gate", gate, "--digits", digits, "--valid-for", until, *more)[0]
        for gate, digits, until, more in (
            ("support", "6", "365d", ()),
            ("support", "8", "1h", ("--caller", "004917612345678")),
            ("both", "7", "365d", ()),
        )
    ]
    gone = vipgate("pin", "issue", "--gate", "support")[0]
    vipgate("pin", "revoke", gone["id"])
    (support, both), notes = vipgate("audit")
    assert (support["guest_pins"], support["guest_digits"], support["kind"]) == (2, 6, "guest_pin")
    assert support["chance_from_many"] == pytest.approx(0.00224, rel=0.01)
    assert (both["guest_pins"], both["right_pins"], both["digits"]) == (1, 2, 7)
    assert not any(one["pin"] in json.dumps([support, both]) + notes for one in issued)


def test_without_a_store_that_can_be_asked_guest_pins_are_not_counted_and_not_denied(vipgate):
    rows, notes = vipgate("audit")
    assert {row["guest_pins"] for row in rows} == {None}
    assert "Warning: guest PINs are not counted: there is no store" in notes


@pytest.mark.parametrize(("store", "warned"), [("none", True), ("sqlite:///none.db", False)])
def test_what_workers_count_by_themselves_is_bounded_for_as_long_as_they_live(tmp_path, store, warned):
    file = tmp_path / "vipgate.yaml"
    file.write_text(f"version: 1\nstore: {store}\ngates:\n  g: {{protects: {{numbers: ['7000']}}}}\n")
    run = CliRunner().invoke(main, ["--config", str(file), "audit"])
    assert ("Warning: store is none: each worker counts attempts by itself" in run.stderr) == warned
    assert run.exit_code == 0
