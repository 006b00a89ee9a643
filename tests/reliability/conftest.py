"""Services under faults, and the table of what their callers experience."""

from __future__ import annotations

from pathlib import Path

import pytest
from reliability import report
from running_service import Service


def pytest_addoption(parser):
    parser.addoption("--faults", metavar="FILE", help="write the table of faults there (Markdown), below its head")


def pytest_terminal_summary(terminalreporter, config):
    file = config.getoption("--faults", None)
    if file:
        document = Path(file)
        document.write_text(report.text(document.read_text("utf-8"), terminalreporter.stats.get("passed", ())), "utf-8")


@pytest.fixture
def serve(tmp_path):
    """Start a service in a folder of its own."""
    services = []

    def start(*, listens=True, **more):
        folder = tmp_path / str(len(services))
        folder.mkdir()
        services.append(Service(folder, cwd=folder, **more))
        return services[-1].listening() if listens else services[-1]

    yield start
    for service in services:
        service.destroy()


@pytest.fixture
def tell(record_property):
    """Write a line of the table: what the callers concerned experience, calls lost beside them, seconds to recover."""

    def line(fault, experienced, others, lost, recovery):
        row = {"fault": fault, "experienced": experienced, "others": others, "lost": lost, "recovery": recovery}
        for name, value in row.items():
            record_property(name, value)

    return line
