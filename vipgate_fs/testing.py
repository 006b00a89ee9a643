"""For the tests of sites and plug-ins: FreeSWITCH's side of the event socket, with a caller at its other end.

    from vipgate_fs.testing import Caller, Simulator

    experience = Simulator("127.0.0.1", 8084, speed=20).call(Caller("004917612345678", dial="0815#"), to="700")
    assert experience.transferred_to.extension == "700"

Expectation files (`vipgate test`) can be played from pytest, too:

    from vipgate_fs import config
    from vipgate_fs.testing import load_expectations, play

    configuration = config.load(Path("vipgate.yaml")).configuration
    _, expectations, findings = load_expectations(Path("vipgate.test.yaml"))

    @pytest.mark.parametrize("expectation", expectations, ids=lambda expectation: expectation.name)
    def test_rules(expectation):
        assert play(expectation, configuration).faults == ()

The simulator behaves like a recorded FreeSWITCH. These names are stable, whatever moves behind them.
"""

from __future__ import annotations

from vipgate_fs.preview.expectations import Expectation, Result, play
from vipgate_fs.preview.expectations import load as load_expectations
from vipgate_fs.simulator import (
    Caller,
    Dialplan,
    Directory,
    Experience,
    Extension,
    Moment,
    Simulator,
    Transfer,
    What,
    answered,
)

__all__ = [
    "Caller",
    "Dialplan",
    "Directory",
    "Expectation",
    "Experience",
    "Extension",
    "Moment",
    "Result",
    "Simulator",
    "Transfer",
    "What",
    "answered",
    "load_expectations",
    "play",
]
