"""What the manuals tell an administrator to type runs, in the order in which it stands there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from vipgate_fs import config
from vipgate_fs.cli import main

ROOT = Path(__file__).parents[2]
ELSEWHERE = ("/etc/freeswitch/dialplan/", "/root/", "/var/www/fusionpbx/app/")


def commands(document):
    """Lines of code blocks that begin with `vipgate dialplan`, without their comments."""
    blocks = re.findall(r"^```\w*\n(.*?)^```$", (ROOT / "docs" / document).read_text("utf-8"), re.DOTALL | re.MULTILINE)
    return re.findall(r"^vipgate (dialplan\b.*?)(?: *#.*)?$", "\n".join(blocks), re.MULTILINE)


CONFIGURATION = """\
version: 1
store: none
site: {domain: pbx.example.org}
gates:
  a: {protects: {numbers: ["7000"]}, otherwise: {reject: true}}
  b: {protects: {numbers: ["7001"]}, otherwise: {reject: true}, route: {context: vipgate-passed-2}}
"""


@pytest.mark.parametrize("document", ["freeswitch.md", "installation.md", "fusionpbx.md"])
def test_what_is_to_be_typed_runs(document, tmp_path, monkeypatch):
    file = tmp_path / "vipgate.yaml"
    file.write_text(CONFIGURATION)
    monkeypatch.setenv("VIPGATE_CONFIG", str(file))
    lines = commands(document)
    assert len(lines) > 1
    for line in lines:
        typed, _, into = re.sub("|".join(ELSEWHERE), f"{tmp_path}/", line).partition(" > ")
        result = CliRunner().invoke(main, shlex.split(typed))
        assert result.exit_code == 0, result.output
        if into:
            assert result.stdout
            Path(into).write_text(result.stdout, "utf-8")


def test_the_example_of_several_customers_is_a_good_configuration():
    manual = (ROOT / "docs" / "fusionpbx.md").read_text("utf-8")
    (example,) = re.findall(r"```yaml\n(.*?)```", manual, re.DOTALL)
    loaded = config.load_text(f"version: 1\nstore: none\n{example}    otherwise: {{reject: true}}\n")
    assert loaded.findings == ()
    names = loaded.configuration.gates[0].protects.users
    assert list(names) == ["1001@pbx.example.org", "1001@customer.example.org"]


def test_every_option_is_in_the_manual():
    manual = "".join((ROOT / "docs" / name).read_text("utf-8") for name in ("freeswitch.md", "fusionpbx.md"))
    options = {option for parameter in main.get_command(None, "dialplan").params for option in parameter.opts}
    assert [
        option
        for option in options - {"--config", "--language"}
        if f"`{option}" not in manual and f" {option} " not in manual
    ] == []
