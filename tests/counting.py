"""How much the gate does, counted: seconds would say nothing on a busy machine."""

from __future__ import annotations

import sys
from pathlib import Path

import vipgate_fs

PACKAGE, SIMULATOR = f"{Path(vipgate_fs.__file__).parent}/", "/simulator/"


def function_calls(run):
    """How many functions the gate's code is or calls, Python's own included, in this thread while something runs."""
    count = 0

    def note(frame, event, _argument):
        nonlocal count
        file = frame.f_code.co_filename
        count += event in {"call", "c_call"} and PACKAGE in file and SIMULATOR not in file

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        run()
    finally:
        sys.setprofile(before)
    return count
