"""What workers count is what Prometheus is shown, however it comes together."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vipgate_fs import config
from vipgate_fs.figures.counts import Counts
from vipgate_fs.figures.families import ERRORS, Figures, render
from vipgate_fs.figures.labels import labels_of_steps

BUILD = {"version": "1", "python": "3"}
GATES = st.sampled_from(["", "a", "Zürich", "ä" * 64, 'x"y\\z'])
"""The schema allows no quotes and no backslash in a name; they would be escaped."""
COUNTED = st.one_of(
    st.tuples(st.just("call"), GATES, st.sampled_from(["pass", "reject"]), st.sampled_from(["passed", "hung_up"])),
    st.tuples(st.just("attempt"), GATES, st.sampled_from(["right", "wrong"])),
    st.tuples(st.just("error"), st.sampled_from(["no_call", "internal"])),
    st.tuples(st.just("step"), GATES, st.just("webservice#2"), st.sampled_from([0.0, 0.001, 0.2, 31.0])),
    st.tuples(st.just("step_failed"), GATES, st.just("webservice")),
)


def shown(counts, gauges=(), deaths=0):
    """Each sample of the page, by its name and labels."""
    text = render(Figures(dict(gauges), deaths, counts.rows(), BUILD)).decode()
    lines = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
    return {sample: float(value) for sample, _, value in lines}


@given(st.lists(st.tuples(st.integers(0, 2), COUNTED), max_size=60), st.integers(1, 9))
def test_the_sum_of_what_workers_send_is_what_one_process_would_have_counted(counted, often):
    workers, alone, total = [Counts(), Counts(), Counts()], Counts(), Counts()
    for turn, (worker, (what, *values)) in enumerate(counted):
        for counts in (workers[worker], alone):
            getattr(counts, what)(*values)
        if turn % often == 0:
            send(workers[worker], total)
    for worker in workers:
        send(worker, total)
    assert shown(total) == pytest.approx(shown(alone))


def send(worker, total):
    for message in worker.take():
        assert len(message) + len(b"counted ") <= 2048
        total.merge(message, is_latest=True)
    assert list(worker.take()) == []


def test_a_steps_durations_are_a_histogram():
    counts = Counts()
    for seconds in (0.0005, 0.001, 0.3, 100.0):
        counts.step("a", "webservice", seconds)
    page = shown(counts)
    buckets = [value for name, value in page.items() if "bucket" in name]
    assert buckets == [2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 4]
    assert page['vipgate_step_duration_seconds_count{gate="a",step="webservice"}'] == 4
    assert page['vipgate_step_duration_seconds_sum{gate="a",step="webservice"}'] == pytest.approx(100.3015)


def test_what_a_worker_says_that_ends_under_an_old_configuration_counts_but_is_not_the_latest():
    worker, total = Counts(), Counts()
    worker.call("a", "pass", "passed")
    worker.upstream("a", "webservice", is_up=False)
    for message in worker.take():
        total.merge(message, is_latest=False)
    assert shown(total)['vipgate_calls_total{gate="a",outcome="passed",verdict="pass"}'] == 1
    assert not any("upstream_up{" in name for name in shown(total))


def test_every_kind_of_error_is_there_before_its_first():
    counts = Counts()
    counts.error("no_call")
    errors = {name: value for name, value in shown(counts).items() if "esl_errors" in name}
    assert len(errors) == 9
    assert sum(errors.values()) == errors['vipgate_esl_errors_total{kind="no_call"}'] == 1


def test_every_kind_of_error_that_the_code_counts_is_known():
    root = Path(__file__).parents[2] / "vipgate_fs" / "service"
    counted = {kind for file in root.glob("*.py") for kind in re.findall(r'_counts\.error\("(\w+)"', file.read_text())}
    assert counted | {"internal"} == set(ERRORS)


def test_the_second_step_of_a_kind_has_a_name_of_its_own():
    loaded = config.load_text(
        "version: 1\ngates:\n  a:\n    protects: {numbers: ['1']}\n    identify:\n"
        + "".join(f"      - webservice: {{url: 'http://127.0.0.1:{port}/'}}\n" for port in (1, 2, 3))
        + "      - static_pin: {pin: '081547'}\n"
    )
    (gate,) = loaded.configuration.gates
    labels = [labels for _, labels in labels_of_steps(gate)]
    assert labels == [("a", "webservice"), ("a", "webservice#2"), ("a", "webservice#3"), ("a", "static_pin")]
