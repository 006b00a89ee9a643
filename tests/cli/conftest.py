from __future__ import annotations

import pytest
import structlog


@pytest.fixture(autouse=True)
def logging_as_before():
    """Commands set logging up for their process, which is that of all tests here."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)
