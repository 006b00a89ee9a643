"""A real Prometheus scrapes a real service, and promtool reads what comes with it: alerts, the example, the dashboard."""

from __future__ import annotations

import json
import re
import subprocess
import time
import urllib.parse
from contextlib import suppress
from pathlib import Path

import pytest
import yaml
from database_servers import binary
from monitored import GATES, Monitored, get, webservice
from ports import free_port

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
CONFIGURATION = """
global: {{scrape_interval: 200ms, scrape_timeout: 200ms, evaluation_interval: 200ms}}
rule_files: ["{rules}"]
scrape_configs:
  - job_name: vipgate
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""
NAME = re.compile(r"\b(vipgate_\w+|process_\w+)\b")
pytestmark = pytest.mark.timeout(240)  # a service and a Prometheus are started, and have to find each other


class Prometheus:
    """On a port and in a folder of its own."""

    def __init__(self, folder, target):
        self.port = free_port()
        file = folder / "prometheus.yml"
        file.write_text(CONFIGURATION.format(rules=DEPLOY / "prometheus" / "vipgate.rules.yml", port=target))
        command = [
            binary("prometheus"),
            f"--config.file={file}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--log.level=warn",
        ]
        self.log = folder / "prometheus.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)

    def ask(self, path, **query):
        status, body = get(self.port, f"/api/v1/{path}?{urllib.parse.urlencode(query)}")
        answer = json.loads(body[body.index("{") : body.rindex("}") + 1])  # it may come in chunks
        assert status == 200, answer
        return answer["data"]

    def result(self, query):
        return self.ask("query", query=query)["result"]

    def until(self, query, value, seconds=30.0):
        """Wait until a query's only result is a number."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with suppress(OSError, ValueError):
                found = [float(each["value"][1]) for each in self.result(query)]
                if found == [value]:
                    return
            time.sleep(0.1)
        pytest.fail(f"{query} does not become {value}: {self.log.read_text()}")

    def destroy(self):
        self.process.kill()
        self.process.wait(10)


@pytest.fixture(scope="module")
def scraped(tmp_path_factory):
    """A service that has served all kinds of calls, and the Prometheus that has seen it."""
    folder = tmp_path_factory.mktemp("scraped")
    with webservice() as peer:
        service = Monitored(folder, gates=GATES.format(port=peer.port))
        try:
            prometheus = Prometheus(folder, service.pages)
            try:
                service.serve_all_kinds(peer)
                prometheus.until("sum(vipgate_calls_total)", 23)
                prometheus.until("count(count_over_time(vipgate_build_info[10s]) >= 2)", 1)
                yield service, prometheus
            finally:
                prometheus.destroy()
        finally:
            service.destroy()


def test_prometheus_has_what_the_page_shows_and_promtool_finds_nothing_wrong_with_it(scraped):
    service, prometheus = scraped
    by_outcome = {
        each["metric"]["outcome"]: float(each["value"][1])
        for each in prometheus.result("sum by (outcome) (vipgate_calls_total)")
    }
    assert by_outcome == {
        "pin_correct": 11, "pin_incorrect": 1, "passed": 7, "forwarded": 2, "rejected": 2,
    }  # fmt: skip
    assert [each["value"][1] for each in prometheus.result('count(vipgate_calls_total{gate=""})')] == ["1"]
    (target,) = prometheus.ask("targets")["activeTargets"]
    assert (target["health"], target["lastError"]) == ("up", "")
    metadata = prometheus.ask("metadata")
    assert {kind["type"] for kind in metadata["vipgate_step_duration_seconds"]} == {"histogram"}
    assert all(kind["help"] for name, kinds in metadata.items() if name.startswith("vipgate") for kind in kinds)
    page = service.page()[1]
    done = subprocess.run(
        [binary("promtool"), "check", "metrics"], input=page, capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "config", DEPLOY / "prometheus" / "prometheus.yml"),
        ("test", "rules", ROOT / "tests" / "figures" / "alerts.yml"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_promtool_reads_the_example_and_every_alert_fires_when_it_should(arguments):
    done = subprocess.run([binary("promtool"), *arguments], capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def alerts():
    rules = yaml.safe_load((DEPLOY / "prometheus" / "vipgate.rules.yml").read_text("utf-8"))
    return {rule["alert"]: rule["expr"] for group in rules["groups"] for rule in group["rules"]}


def panels():
    """Each query of the dashboard as Grafana would send it, with the labels that its legend names."""
    dashboard = json.loads((DEPLOY / "grafana" / "vipgate.json").read_text("utf-8"))
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            query = target["expr"].replace("$__rate_interval", "30s")
            for variable in ("$instance", "$gate"):
                query = query.replace(variable, ".*")
            assert "$" not in query
            yield query, set(re.findall(r"{{(\w+)}}", target["legendFormat"]))


def test_every_panel_of_the_dashboard_shows_something(scraped):
    _, prometheus = scraped
    for query, legend in panels():
        result = prometheus.result(query)
        assert result, query
        labels = {label for each in result for label in each["metric"]}  # an empty one is none
        assert legend <= labels, query
        assert_known(prometheus, query)


def test_the_dashboard_offers_what_there_is_to_choose_from(scraped):
    _, prometheus = scraped
    dashboard = json.loads((DEPLOY / "grafana" / "vipgate.json").read_text("utf-8"))
    queries = [each["definition"] for each in dashboard["templating"]["list"] if each["type"] == "query"]
    assert len(queries) == 2
    for query in queries:
        figure, label = re.fullmatch(r"label_values\((.*), (\w+)\)", query.replace("$instance", ".*")).groups()
        assert prometheus.ask(f"label/{label}/values", **{"match[]": figure}), query


def test_every_alert_names_what_there_is(scraped):
    _, prometheus = scraped
    for query in alerts().values():
        prometheus.result(query)
        assert_known(prometheus, query)


def assert_known(prometheus, query):
    """Each figure and each label in a query exists, and so does each value that a label is compared with."""
    labels = {"instance", "job"}
    for figure in set(NAME.findall(query)):
        series = prometheus.ask("series", **{"match[]": figure})
        assert series, f"there is no {figure}"
        labels.update(label for each in series for label in each)
    grouped = {name.strip() for names in re.findall(r"by \(([^)]*)\)", query) for name in names.split(",")}
    assert grouped <= labels, query
    for label, compared in re.findall(r'(\w+)\s*[!=]~?\s*"([^"]*)"', query):
        assert label in labels, query
        values = {*prometheus.ask(f"label/{label}/values"), "", ".*"}
        assert set(compared.split("|")) <= values, query


def test_every_figure_and_every_alert_stands_in_the_manual_and_the_other_way_round(scraped):
    service, _ = scraped
    shown = set(re.findall(r"^# TYPE (\w+)", service.page()[1], re.MULTILINE))
    manual = (ROOT / "docs" / "monitoring.md").read_text("utf-8")
    table = manual[manual.index("| figure |") : manual.index("**Labels**")]
    assert set(re.findall(r"`((?:vipgate|process)_\w+)`", table)) == shown
    assert set(re.findall(r"`(VIPgate\w+)`", manual)) == set(alerts())
