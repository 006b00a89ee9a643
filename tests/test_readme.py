"""What the README says is what happens."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

from click.testing import CliRunner

from vipgate_fs import config
from vipgate_fs.cli import SUBCOMMANDS
from vipgate_fs.cli.demo import command

README = Path(__file__).parent.parent / "README.md"


def test_the_table_is_what_the_demonstration_prints():
    result = CliRunner().invoke(command)
    assert result.exit_code == 0, result.output
    shown = re.search(r"<!-- demo -->\n(.*?)<!-- /demo -->", README.read_text(), re.DOTALL)
    assert textwrap.dedent(shown[1]).strip() == result.output.strip()


def test_the_example_is_a_good_configuration():
    example = re.search(r"```yaml\n(.*?)```", README.read_text(), re.DOTALL)[1]
    assert config.load_text(example).findings == ()


def test_every_subcommand_is_in_the_table():
    assert set(re.findall(r"^\| `vipgate (\w+)", README.read_text(), re.MULTILINE)) == set(SUBCOMMANDS)
