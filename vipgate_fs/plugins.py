"""All that a plug-in needs: the call it is asked about, and the answers it can give.

    from vipgate_fs.plugins import Call, Reject, Verdict

    def identify(call: Call) -> Verdict | None:
        return Reject() if call.caller.startswith("+49900") else None

`docs/database-and-plugins.md` is the manual. These names are stable, whatever moves behind them.
"""

from __future__ import annotations

from vipgate_fs.gate.call import WITHHELD, Call
from vipgate_fs.gate.pins import Pin, PinTable
from vipgate_fs.gate.step import StepFailed
from vipgate_fs.gate.verdict import AskForPin, Forward, Pass, Reject, Verdict

__all__ = [
    "WITHHELD",
    "AskForPin",
    "Call",
    "Forward",
    "Pass",
    "Pin",
    "PinTable",
    "Reject",
    "StepFailed",
    "Verdict",
]
