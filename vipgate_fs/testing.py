"""For the tests of sites and plug-ins: FreeSWITCH's side of the event socket, with a caller at its other end.

    from vipgate_fs.testing import Caller, Simulator

    experience = Simulator("127.0.0.1", 8084, speed=20).call(Caller("004917612345678", dial="0815#"), to="700")
    assert experience.transferred_to.extension == "700"

The simulator does what a recorded FreeSWITCH does. These names stay where they are, whatever moves behind them.
"""

from __future__ import annotations

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
    "Experience",
    "Extension",
    "Moment",
    "Simulator",
    "Transfer",
    "What",
    "answered",
]
