"""What tests of steps that ask somebody elsewhere have in common."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from building import built

from vipgate_fs.gate.call import Call
from vipgate_fs.gate.step import StepFailed

VIP, STRANGER = "+4917612345678", "+4971112345678"
LOOKUP = "SELECT pin FROM callers WHERE number = :caller_number"
UNDER_GEVENT = Path(__file__).parent / "identify" / "under_gevent.py"


def a_call(caller=VIP, **facts):
    return Call(**{"uuid": "1", "caller": caller, "called": "7000", "dialled": "7000"} | facts)


def under_gevent(kind, slow, quick):
    """Runs `identify/under_gevent.py` with the values of a slow step (total time 5 s) and of a quick one."""
    arguments = [kind, json.dumps(slow), json.dumps(quick)]
    done = subprocess.run(
        [sys.executable, UNDER_GEVENT, *arguments], capture_output=True, text=True, timeout=50, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def database(url, query=LOOKUP, **timeouts):
    """The step `database`; time-outs in seconds."""
    timeouts = {name: f"{seconds}s" for name, seconds in timeouts.items()}
    return built("database", {"url": url, "query": query, "timeouts": timeouts})


def failure(asked):
    """Why the step fails."""
    with pytest.raises(StepFailed) as failed:
        asked.identify(a_call())
    return str(failed.value)
