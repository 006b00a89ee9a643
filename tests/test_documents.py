"""The manuals: links that lead somewhere, configurations that are good, commands that do what they are shown to do."""

from __future__ import annotations

import re
import shlex
import tomllib
from importlib import import_module
from pathlib import Path
from urllib.parse import unquote

import pytest
import structlog
import yaml
from click.testing import CliRunner

from vipgate_fs import config
from vipgate_fs.cli import COOPERATIVE, main
from vipgate_fs.secret import Secret
from vipgate_fs.store.store import Store

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("docs/*.md"), *ROOT.glob("*.md"), ROOT / "sounds" / "README.md"])
ELSEWHERE = {
    "apt-get install ./vipgate_*~deb12_*.deb": "debian/inside.sh, by dpkg",
    "systemctl reload vipgate": "deploy/vipgate.service: tests/test_deploy.py",
    "fs_cli -x reloadxml": "tests/freeswitch",
    "vipgate status": "tests/service",
    "vipgate doctor --language de": "tests/doctor",
    "vipgate init --language de": "asks; the line below it has the answers",
}
"""Commands that need more than a file, and what tries them."""
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def without_code(text):
    return re.sub(r"^```.*?^```$|^ {4}.*$|`[^`\n]+`", "", text, flags=re.MULTILINE | re.DOTALL)


def anchors(page):
    headings = re.findall(
        r"^#+ (.*)$", re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL), re.MULTILINE
    )
    plain = (re.sub(r"[^\w\s-]", "", heading.replace("`", "")).strip().lower() for heading in headings)
    return {re.sub(r"\s", "-", each) for each in plain}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_link_leads_somewhere(page):
    lost = []
    for link in re.findall(r"\]\((?!https?:)([^)\s]+)\)", without_code(page.read_text("utf-8"))):
        file, _, anchor = unquote(link).partition("#")
        target = (page.parent / file) if file else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            lost.append(link)
    assert lost == []


def test_the_version_is_the_newest_of_the_changelog():
    released = re.findall(r"^## \[([\d.]+)\] - ", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert (
        project["version"]
        == released[0]
        == max(released, key=lambda version: [int(part) for part in version.split(".")])
    )


def test_every_manual_is_in_the_sites_navigation():
    def pages(entry):
        if isinstance(entry, str):
            return [entry]
        return [page for each in (entry.values() if isinstance(entry, dict) else entry) for page in pages(each)]

    listed = pages(yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))["nav"])
    assert len(listed) == len(set(listed))
    assert set(listed) == {page.name for page in ROOT.glob("docs/*.md")} | {"index.md", "changelog.md", "prompts.md"}


@pytest.fixture
def sandbox(tmp_path, monkeypatch):
    """A folder with a store in it, as the service would have made it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VIPGATE_CONFIG", "vipgate.yaml")
    monkeypatch.setenv("LANGUAGE", "en")
    store = Store(
        Secret("sqlite:///vipgate.db"), tmp_path / "vipgate.key", structlog.wrap_logger(structlog.ReturnLogger())
    )
    store.open()
    store.close()
    return tmp_path


def blocks(name):
    """The language of each block on the page and its text."""
    return FENCE.findall((ROOT / "docs" / f"{name}.md").read_text("utf-8"))


def commands(text):
    """The lines that somebody types, without where their output goes."""
    lines = (line.partition(" > ")[0] for line in text.splitlines())
    return [line for line in lines if line.startswith(("vipgate ", "apt-get ", "systemctl ", "fs_cli "))]


def run(command):
    """What it prints. Those that serve calls not by `main`, which would patch this process for them."""
    program, name, *arguments = shlex.split(command)
    assert program == "vipgate", f"{command}: nothing tries it"
    if name in COOPERATIVE:
        result = CliRunner().invoke(import_module(f"vipgate_fs.cli.{name}").command, arguments)
    else:
        result = CliRunner().invoke(main, [name, *arguments])
    assert result.exit_code == 0, f"{command}: {result.output} {result.exception!r}"
    return result.output


@pytest.mark.parametrize("name", ["starface", "recipes", "privacy", "faq"])
def test_a_configuration_is_good_and_the_commands_below_it_work(sandbox, name):
    typed = 0
    for language, text in blocks(name):
        if language == "yaml":
            assert [str(each) for each in config.load_text(text).findings] == []
            (sandbox / "vipgate.yaml").write_text(text, "utf-8")
        for command in commands(text) if not language else ():
            run(command)
            typed += 1
    assert typed


def test_the_first_steps_can_be_taken(sandbox):
    page = (ROOT / "docs" / "erste-schritte.md").read_text("utf-8")
    pin = example = "740946"
    for language, text in blocks("erste-schritte"):
        if language == "yaml":
            made = (sandbox / "vipgate.yaml").read_text("utf-8").replace(pin, example)
            assert plain(made) == plain(text)
        for command in commands(text) if not language else ():
            if command not in ELSEWHERE:
                output = run(command.replace(example, pin))
                if " init " in command:
                    pin = re.search(r"^PIN: (\d+)$", output, re.MULTILINE)[1]
                    assert output.replace(pin, example).strip() in page


def plain(text):
    return yaml.load(text, Loader=yaml.BaseLoader)
