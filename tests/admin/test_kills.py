"""SIGKILL for the page's process at any moment of a save, over HTTP: whatever is on the disk then is whole.

`make test` does it a few times, `make page-kills` often: KILLS=60.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from random import Random

import pytest
from page_service import GATES, Page

from vipgate_fs import config

KILLS = int(os.environ.get("VIPGATE_KILLS", "2"))
MANY = 20
"""Kills from which on some must have come before the file was there, and some after."""
TABLE = "number,pin\n" + "".join(f"0171 555{number:04},{40_000_000 + number}\n" for number in range(250))
AT_ONCE = {"attend": 0.01, "most_back_off": 0.01}
"""A killed page comes back at once."""


@pytest.mark.timeout(60 + 20 * KILLS)
def test_whenever_the_page_is_killed_while_it_saves_every_file_is_whole(tmp_path):
    random, ended, took = Random(1), Counter(), 0.0
    table = tmp_path / "hotline-pins.csv"
    table.write_text(TABLE)
    page = Page(tmp_path, GATES.replace("caller_pin: {", "caller_pin: {file: hotline-pins.csv, "), timings=AT_ONCE)
    try:
        for number in range(KILLS + 1):  # the first one is not killed: that shows how long a save takes
            review, wanted = changed(page, number)
            old, old_table, process = page.path.read_bytes(), table.read_bytes(), page.process
            visitor, form = review
            saving = threading.Thread(target=save, args=(visitor, form))
            began = time.monotonic()
            saving.start()
            if number:
                time.sleep(random.uniform(0, took))
                os.kill(process, signal.SIGKILL)
            saving.join(30)
            if number:
                page.await_process(other_than=process)
            took = took or time.monotonic() - began
            content, content_of_table = page.path.read_bytes(), table.read_bytes()
            assert content in (old, wanted)
            new_table = re.sub(rb"(?<=5550007,)\d+", b"%d" % (50_000_000 + number), old_table)
            assert content_of_table in (old_table, new_table)
            assert content == old or content_of_table == new_table, "the file names a table only once it is there"
            assert config.load_text(content, page.path).configuration is not None
            assert_whole(tmp_path)
            ended["new" if content == wanted else "old"] += number > 0
        sys.stdout.write(f"{KILLS} kills within {took:.2f} s of a save: {dict(ended)}\n")
        assert KILLS < MANY or min(ended["old"], ended["new"]) > 0
    finally:
        page.service.destroy()
        page.database.close()


def changed(page, number):
    """A change of the file and of a table that waits to be saved: who has made it with the form, and the file then."""
    visitor = page.administrator()
    place = "/gates/hotline/general"
    shown = visitor.send(visitor.go(place).form(place), **{"gates.hotline.title": f"Title {number}"})
    draft = shown.path.rpartition("/")[2]
    rows = visitor.go(f"/gates/hotline/table/0?draft={draft}").form("/table/0")
    review = visitor.send(rows, **{"row.9.value": str(50_000_000 + number)})
    form = review.form("/save")
    download = {**form, "action": form["action"].replace("/save", "/download")}
    return (visitor, form), visitor.send(download).body


def save(visitor, form):
    with suppress(OSError, ValueError):
        visitor.send(form)


def assert_whole(folder):
    for each in (folder / "versions").glob("*.json"):
        assert json.loads(each.read_bytes())["content"].startswith("version: 1\n")
    for each in (folder / "versions").glob("*.csv"):
        assert len(each.read_bytes().splitlines()) == len(TABLE.splitlines())
