"""What the manuals tell an administrator to type runs, in the order in which it stands there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from vipgate_fs.cli import main

ROOT = Path(__file__).parents[2]
ETC = "/etc/freeswitch/dialplan/"


def commands(document):
    """Lines of code blocks that begin with `vipgate dialplan`, without their comments."""
    blocks = re.findall(r"^```\w*\n(.*?)^```$", (ROOT / "docs" / document).read_text("utf-8"), re.DOTALL | re.MULTILINE)
    return re.findall(r"^vipgate (dialplan\b.*?)(?: *#.*)?$", "\n".join(blocks), re.MULTILINE)


@pytest.mark.parametrize("document", ["freeswitch.md", "installation.md"])
def test_what_is_to_be_typed_runs(document, tmp_path, monkeypatch):
    monkeypatch.setenv("VIPGATE_CONFIG", str(ROOT / "examples" / "vipgate.yaml"))
    lines = commands(document)
    assert len(lines) > 1
    for line in lines:
        typed, _, into = line.replace(ETC, f"{tmp_path}/").partition(" > ")
        result = CliRunner().invoke(main, shlex.split(typed))
        assert (result.exit_code, result.stdout == "") == (0, not into), result.output
        if into:
            Path(into).write_text(result.stdout, "utf-8")


def test_every_option_is_in_the_manual():
    manual = (ROOT / "docs" / "freeswitch.md").read_text("utf-8")
    options = {option for parameter in main.get_command(None, "dialplan").params for option in parameter.opts}
    assert [
        option for option in options - {"--config"} if f"`{option}" not in manual and f" {option} " not in manual
    ] == []
