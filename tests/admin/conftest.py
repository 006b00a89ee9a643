from __future__ import annotations

import re
import shutil
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from forked import COMMAND, Process
from page_service import Page
from page_visitor import Visitor
from running_service import until

from vipgate_fs.service.control import ask_to_reload

URL = re.compile(r"http://127\.0\.0\.1:(\d+)/link/\S+")


@pytest.fixture(scope="session")
def page(tmp_path_factory):
    """One for all tests: each leaves it as others may find it."""
    page = Page(tmp_path_factory.mktemp("page"))
    yield page
    page.service.destroy()
    page.database.close()


@pytest.fixture
def file(page):
    """The page's configuration; it is as before when the test has ended, and in force."""
    before = page.path.read_bytes()
    yield page.path
    is_same = page.path.read_bytes() == before if page.path.exists() else False
    page.path.write_bytes(before)
    for table in page.path.parent.glob("*.csv"):
        table.unlink()
    shutil.rmtree(page.path.parent / "sounds", ignore_errors=True)
    assert is_same or not ask_to_reload(page.path).why


@pytest.fixture
def setting_up(tmp_path):
    """`vipgate admin setup` for a file, as it waits for whoever opens its link, and a visitor who has not."""

    @contextmanager
    def begin(path):
        out = tmp_path / "out"
        process = Process(COMMAND, "admin", "setup", "--config", path, "--listen", "127.0.0.1:0", out=out)
        try:
            until(lambda: URL.search(out.read_text()) if out.exists() else None)
            found = URL.search(out.read_text())
            visitor = Visitor(int(found[1]), "de")
            yield SimpleNamespace(path=path, out=out, process=process, url=found[0], visitor=visitor)
        finally:
            process.destroy()

    return begin


@pytest.fixture
def setup(tmp_path, setting_up):
    """The same for an empty folder."""
    with setting_up(tmp_path / "vipgate.yaml") as setup:
        yield setup
