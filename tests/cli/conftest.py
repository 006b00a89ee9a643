from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def nothing_goes_to_the_systems_log(audited):
    """Whatever a command does; see `audited`."""
