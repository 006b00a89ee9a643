"""Callers without a number, whatever the carrier writes for it: nobody in particular, so never known."""

from __future__ import annotations

import pytest
from whole_call import PIN, WRONG, checked_gate, end

CONFIGURATION = f"""
version: 1
store: none
server: {{listen: "127.0.0.1:0"}}
gates:
  support:
    protects: {{numbers: ["7001"]}}
    identify: [static_pin: {{pin: "{PIN}"}}]
    attempts: 1
    lockout: {{failures: 2, gate_failures: 4}}
"""
PASSED, REFUSED = "7001, answered before", "hung up on, USER_BUSY"


@pytest.mark.parametrize(
    ("number", "in_a_lockout"),
    [
        ("+49711555010", PASSED),
        *[
            (withheld, REFUSED)
            for withheld in ("anonymous", "0000000000", "0", "+266696687", "Unbekannt", "+anonymous")
        ],
    ],
)
def test_who_shows_no_number_is_never_known(number, in_a_lockout):
    """A caller with a number, who once had the right PIN, comes through while the gate is locked: a known caller."""
    with checked_gate() as gates:
        gate = gates.make(CONFIGURATION)
        assert end(gate.call("7001", number, dial=f"{PIN}#")) == PASSED
        for stranger in range(4):
            assert end(gate.call("7001", f"+4971155511{stranger}", dial=f"{WRONG}#")) == REFUSED
        assert end(gate.call("7001", number, dial=f"{PIN}#")) == in_a_lockout
