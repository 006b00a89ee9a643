from types import SimpleNamespace

import pytest

from vipgate_fs.gate.call import Call
from vipgate_fs.gate.numbers import NumberPlan


@pytest.fixture
def settings():
    """Makes the settings of a step; what its builder says about them is in `said`."""

    def make(values, on_failure=None):
        said = []
        return SimpleNamespace(
            values=values,
            line=7,
            on_failure=on_failure,
            plan=NumberPlan("DE"),
            line_of=lambda *path: 8 + list(values["pins"]).index(path[-1]),
            error_at_key=lambda message, *path: said.append(("error", path, message)),
            warn=lambda message, *path: said.append(("warning", path, message)),
            said=said,
        )

    return make


@pytest.fixture
def call():
    """Makes the call of a caller."""
    return lambda caller: Call(uuid="1", caller=caller, called="7000", dialled="7000")
