from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from vipgate_fs.cli import main
from vipgate_fs.cli.files import FILES


def printed(*arguments):
    return CliRunner().invoke(main, ["files", *arguments]).output


@pytest.mark.parametrize("name", FILES)
def test_each_is_where_it_is_said_to_be(name):
    path = Path(printed(name).rstrip("\n"))
    assert path.exists()
    assert f"{name:<12}{path}" in printed().splitlines()
