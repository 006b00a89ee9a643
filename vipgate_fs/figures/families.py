"""The figures as Prometheus reads them: names, labels and explanations, from what the supervisor knows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from vipgate_fs.figures.counts import BUCKETS

ERRORS: Final = (
    "not_allowed",
    "no_call",
    "dropped",
    "unreadable",
    "refused",
    "no_answer",
    "unfit",
    "missing_sound",
    "internal",
)
"""Kinds of `vipgate_esl_errors_total`; docs/monitoring.md says what each one means."""
COUNTERS: Final[Mapping[str, tuple[str, str, Sequence[str]]]] = {
    "calls": (
        "vipgate_calls",
        "Calls that have ended, by gate (empty: no gate protects the number), verdict and outcome.",
        ("gate", "verdict", "outcome"),
    ),
    "attempts": (
        "vipgate_pin_attempts",
        "PIN attempts, by what they were worth.",
        ("gate", "result"),
    ),
    "step_failures": (
        "vipgate_step_failures",
        "Steps that failed, so that on_failure or the next step decided.",
        ("gate", "step"),
    ),
    "errors": ("vipgate_esl_errors", "What went wrong on connections from the switch, by kind.", ("kind",)),
}
"""What is counted in `vipgate_fs.figures.counts`: name, explanation, labels."""
GAUGES: Final[Mapping[str, str]] = {
    "vipgate_dialogues": "Calls that VIPgate is serving now, those of workers that are ending included.",
    "vipgate_max_calls": "server.max_calls: above so many calls, connections are refused.",
    "vipgate_lockouts": "Lockouts in force: of callers, customer numbers and gates.",
    "vipgate_overrides": "Gates that a person has switched on or off.",
    "vipgate_workers": "Workers that serve calls.",
    "vipgate_workers_wanted": "server.workers.",
    "vipgate_accepting": "1 while connections from the switch are accepted, 0 while they are refused.",
    "vipgate_store_up": "1 while the store can be reached, else 0; absent where there is to be none.",
    "vipgate_config_last_reload_successful": "1 unless the last reload was refused.",
    "vipgate_config_last_reload_success_timestamp_seconds": "Unix time at which the configuration was applied.",
    "process_start_time_seconds": "Unix time at which the service started.",
}


class Figures(Collector):
    """The figures of a moment.

    Args:
        gauges: by name; what is not there is not shown.
        counters: the same, of what has no label and only grows, without `_total`.
        counted: rows of `vipgate_fs.figures.counts`: what, its labels, its value.
        build: the labels of vipgate_build_info.
    """

    def __init__(
        self,
        gauges: Mapping[str, float],
        worker_deaths: int,
        counted: Iterable[Sequence[Any]],
        build: Mapping[str, str],
    ) -> None:
        self._gauges, self._worker_deaths, self._build = gauges, worker_deaths, build
        self._counted: dict[str, list[Sequence[Any]]] = {}
        for what, *row in counted:
            self._counted.setdefault(what, []).append(row)

    def collect(self) -> Iterator[Metric]:
        """See prometheus_client."""
        for name, explained in GAUGES.items():
            if name in self._gauges:
                yield GaugeMetricFamily(name, explained, self._gauges[name])
        yield CounterMetricFamily("vipgate_worker_deaths", "Workers that died instead of ending.", self._worker_deaths)
        for what, (name, explained, labels) in COUNTERS.items():
            counter = CounterMetricFamily(name, explained, labels=labels)
            for *values, count in self._rows(what):
                counter.add_metric(values, count)
            yield counter
        yield self._durations()
        upstreams = GaugeMetricFamily(
            "vipgate_upstream_up",
            "Whether what a step asks answered the last time: 1 or 0; absent until a step has asked.",
            labels=("gate", "step"),
        )
        for *values, is_up in self._rows("upstream"):
            upstreams.add_metric(values, is_up)
        yield upstreams
        yield InfoMetricFamily("vipgate_build", "The version that runs.", dict(self._build))

    def _rows(self, what: str) -> Sequence[Sequence[Any]]:
        rows = self._counted.get(what, [])
        if what == "errors":  # from the start, so that the first one is an increase
            return [*rows, *([kind, 0] for kind in ERRORS if kind not in {row[0] for row in rows})]
        return rows

    def _durations(self) -> Metric:
        family = HistogramMetricFamily(
            "vipgate_step_duration_seconds",
            "How long a step took until it answered or failed.",
            labels=("gate", "step"),
        )
        seconds = {(gate, step): total for gate, step, total in self._rows("step_seconds")}
        within: dict[tuple[str, str], dict[str, float]] = {}
        for gate, step, bound, count in self._rows("step_bucket"):
            within.setdefault((gate, step), {})[bound] = count
        for key, counts in within.items():
            so_far, buckets = 0.0, []
            for bound in (*map(str, BUCKETS), "+Inf"):
                so_far += counts.get(bound, 0)
                buckets.append((bound, so_far))
            family.add_metric(key, buckets, seconds.get(key, 0.0))
        return family


def render(figures: Figures) -> bytes:
    """In Prometheus's text format (version 0.0.4)."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(figures)
    return generate_latest(registry)
