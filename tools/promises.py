"""Break the code as the promises of docs/security.md forbid, and see the tests fail that the document names.

Usage: python tools/promises.py [COUNT] [SEED]. It draws COUNT of the breaks in tools/promises.toml (default: ten), each
of another test. Exit status 1 when a test does not notice its break, or does not pass without it; or when any of the
breaks is stale, or a promise has none.
"""

from __future__ import annotations

import random
import re
import sys
import tempfile
import time
import tomllib
from pathlib import Path

from breaking import ROOT, TESTS_FAILED, Break, Copy, Stale

NOT_HERE = "tests/freeswitch/"
"""These need a FreeSWITCH: `make test-freeswitch`."""


def breaks() -> list[tuple[str, Break]]:
    """Each test with a change that it has to notice."""
    listed = tomllib.loads((ROOT / "tools" / "promises.toml").read_text("utf-8"))["break"]
    return [(each["test"], Break(each["file"], each["find"], each["replace"])) for each in listed]


def named() -> list[str]:
    """The tests that the document names, and that can run here."""
    found = re.findall(r"`(tests/[\w/]+\.py::\w+)`", (ROOT / "docs" / "security.md").read_text("utf-8"))
    return [test for test in dict.fromkeys(found) if not test.startswith(NOT_HERE)]


def stands_once(change: Break) -> bool:
    """Whether there is still what it breaks."""
    return (ROOT / change.file).read_text("utf-8").count(change.find) == 1


def outcome(copy: Copy, test: str, change: Break) -> str:
    """What is wrong when the test does not notice the change; else nothing."""
    try:
        status, said = copy.break_and_test(change, [test])
    except Stale as stale:
        return str(stale)
    if status == TESTS_FAILED:
        return ""
    return "it passes all the same" if status == 0 else f"pytest ended with {status}: {said[-500:]}"


def main(count: int = 10, seed: int | None = None) -> int:
    """See the module; the exit status."""
    seed = seed if seed is not None else time.time_ns() % 100_000
    known, promised = breaks(), named()
    drawn = random.Random(seed).sample(known, min(count, len(known)))
    print(f"{len(drawn)} of {len(known)} breaks, drawn with seed {seed}")
    stale = [f"{test} has no break" for test in promised if test not in {test for test, _ in known}]
    stale += [f"{test}: docs/security.md does not name it" for test, _ in known if test not in promised]
    stale += [f"{test}: not once in {each.file}: {each.find!r}" for test, each in known if not stands_once(each)]
    print(*stale, sep="\n")
    wrong = len(stale)
    with tempfile.TemporaryDirectory(prefix="vipgate-broken-") as folder:
        copy = Copy(Path(folder))
        _, said = copy.test(dict.fromkeys(test for test, _ in drawn))
        failing = {test for test, _ in drawn if re.search(rf"(?m)^(FAILED|ERROR) {re.escape(test)}\b", said)}
        for test, change in drawn:
            why = "it does not pass as it is" if test in failing else outcome(copy, test, change)
            print(f"{'NOT SEEN' if why else 'seen'}  {test}: {change.file}  {why}", flush=True)
            wrong += bool(why)
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
