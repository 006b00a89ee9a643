"""Every file in `broken/` says in its first lines which findings it gets: `# expect: LINE:COLUMN PATH: MESSAGE…`."""

import re
from pathlib import Path

import pytest

from vipgate_fs import config

FILES = sorted(Path(__file__).parent.joinpath("broken").glob("*.yaml"))
EXPECT = re.compile(r"# expect: (?P<line>\d+):(?P<column>\d+) (?P<path>.*?): (?P<warning>warning: )?(?P<message>.*)")
PINS = ("4711", "0815", "4_711")
"""Every PIN in these files has one of these in it."""


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_finding_is_reported_and_nothing_else(file):
    expected = [match for line in file.read_text("latin-1").splitlines() if (match := EXPECT.fullmatch(line))]
    assert expected
    loaded = config.load(file)
    report = "\n".join(str(finding) for finding in loaded.findings)
    found = sorted((found.line, found.column, found.path, found.severity, found.message) for found in loaded.findings)
    wanted = sorted(
        (
            int(match["line"]),
            int(match["column"]),
            match["path"],
            "warning" if match["warning"] else "error",
            match["message"],
        )
        for match in expected
    )
    assert [item[:4] for item in found] == [item[:4] for item in wanted], report
    for (*_, message), (*_, fragment) in zip(found, wanted, strict=True):
        assert fragment in message
    assert (loaded.configuration is None) == any(finding.severity == "error" for finding in loaded.findings)
    assert not any(pin in report for pin in PINS)


def test_there_are_enough_of_them():
    assert len(FILES) >= 60
