"""FreeSWITCH's side of the outbound event socket, with a caller at its other end: for demo, try-outs, tests and load.

from vipgate_fs.simulator import Caller, Simulator

experience = Simulator("127.0.0.1", 8084, speed=20).call(Caller("004917612345678", dial="0815#"), to="700")
assert experience.transferred_to.extension == "700"
"""

from vipgate_fs.simulator.api import Directory
from vipgate_fs.simulator.caller import Caller
from vipgate_fs.simulator.delivery import Delivery
from vipgate_fs.simulator.dialplan import Dialplan, Extension, answered
from vipgate_fs.simulator.experience import Experience, Moment, Transfer, What
from vipgate_fs.simulator.switch import Call, Simulator

__all__ = [
    "Call",
    "Caller",
    "Delivery",
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
