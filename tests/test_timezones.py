import datetime as dt
import subprocess
import sys
from pathlib import Path

import pytest
import tzdata

from vipgate_fs import timezones

PROGRAM = """
import sys, zoneinfo
zoneinfo.reset_tzpath(to=[sys.argv[1]])
from vipgate_fs import timezones
timezones.timezone('Europe/Berlin')
print(*zoneinfo.TZPATH)
"""


@pytest.mark.parametrize(
    ("first_line", "newer"),
    [("# version 1999a\n", "package"), ("# version 9999z\n", "machine"), ("nothing\n", "package"), (None, "package")],
)
def test_the_newer_rules_are_used(tmp_path, first_line, newer):
    for folder, file in (("", "UTC"), ("Europe", "Berlin")):
        tmp_path.joinpath(folder).mkdir(exist_ok=True)
        packaged = Path(tzdata.__file__).parent / "zoneinfo" / folder / file
        tmp_path.joinpath(folder, file).write_bytes(packaged.read_bytes())
    if first_line is not None:
        tmp_path.joinpath("tzdata.zi").write_text(first_line)
    run = subprocess.run([sys.executable, "-c", PROGRAM, str(tmp_path)], check=True, capture_output=True, text=True)
    assert run.stdout.strip() == (str(tmp_path) if newer == "machine" else "")


def test_british_columbia_stays_at_summer_time():
    at = dt.datetime(2026, 11, 30, 16, 30, tzinfo=dt.UTC).astimezone(timezones.timezone("America/Vancouver"))
    assert at.strftime("%H:%M") == "09:30"


def test_without_a_machines_rules():
    assert timezones.machine_version(["/nowhere"]) == ""
    assert "Europe/Berlin" in timezones.names()
