from __future__ import annotations

import pytest
from page_service import Page


@pytest.fixture(scope="session")
def page(tmp_path_factory):
    """One for all tests: each leaves it as others may find it."""
    page = Page(tmp_path_factory.mktemp("page"))
    yield page
    page.service.destroy()
    page.database.close()
