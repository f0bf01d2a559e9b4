"""The dashboard, the rules and the metrics, with a real server and a real Prometheus."""

from __future__ import annotations

import asyncio
import html
import math
import re
import shutil
import subprocess
import time
from typing import Any

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

import samo.api.app  # noqa: F401  # all modules that declare metrics
from monitoring import beside, dashboard, panels, prometheus_server, promql, traffic
from samo.monitoring import metrics
from tests import drift
from tests.conftest import ROOT
from tests.e2e.conftest import free_port, serving

RULES = ROOT / "monitoring" / "prometheus"
OPERATIONS = ROOT / "docs" / "operations.md"
LOAD_SECONDS = 12
# Metrics that this load does not move, and the tests that do.
MOVED_ELSEWHERE = {
    "samo_answers_dropped": "tests/faults/test_feedback.py",
    "samo_feedback_database_errors": "tests/faults/test_feedback.py",
    "samo_model_reloads": "tests/integration/test_model_reload.py",
}
WINDOW = "10s"

needs_prometheus = pytest.mark.skipif(
    shutil.which("prometheus") is None, reason="scripts/debian-packages prometheus installs it"
)


@pytest.fixture(scope="module")
def monitored(tmp_path_factory):
    """A server and the Prometheus that scrapes it, after some load; and the metrics before it."""
    folder = tmp_path_factory.mktemp("monitored")
    with (
        serving(
            folder / "log",
            SAMO_RUNNERS="fake",
            SAMO_DRIFT_REFERENCE=str(drift.write(folder / "reference.json")),
            SAMO_DRIFT_WINDOW="100",
            SAMO_MAX_LIVE_SESSIONS="1",
            SAMO_FEEDBACK_URL=f"sqlite:///{folder}/feedback.db",
            SAMO_AB_MODEL="samo-emotion:b",
        ) as server,
        serving(
            folder / "shadow-log",
            SAMO_RUNNERS="fake",
            SAMO_AB_MODEL="samo-emotion:b",
            SAMO_AB_MODE="shadow",
            SAMO_AB_SHARE="1",
        ) as shadow,
        prometheus_server.running(
            str(server.base_url), folder, free_port(), 1, others=[str(shadow.base_url)]
        ) as prometheus,
    ):
        beside.write_graphs(folder)
        before = samples(server, shadow)
        asyncio.run(load(str(server.base_url), str(shadow.base_url)))
        yield (server, shadow), prometheus, before


async def load(server, shadow):
    await asyncio.gather(
        traffic.send_for(server, LOAD_SECONDS, pause_seconds=0.02),
        rate_answers(server),
        rate_answers(shadow),
    )


async def rate_answers(url):
    """Classify a text, and say what was right if the service takes feedback."""
    deadline = time.monotonic() + LOAD_SECONDS
    async with httpx.AsyncClient(base_url=url, timeout=60) as client:
        while time.monotonic() < deadline:
            answer = await client.post("/predict", json={"text": "joy"})
            said = {"request_id": answer.headers["x-request-id"], "labels": ["joy"]}
            await client.post("/feedback", json=said)
            await asyncio.sleep(0.2)


def samples(server, shadow):
    """The metrics of the server, and those of shadow mode."""
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for one in (server, shadow)
        for family in text_string_to_metric_families(one.get("/metrics").text)
        for sample in family.samples
        if one is server or sample.name.startswith("samo_ab_shadow")
    }


def declared():
    """The names of the metrics that the code declares, as the registry has them."""
    return {family.name: family for family in metrics.registry.collect()}


@needs_prometheus
def test_the_service_is_scraped(monitored):
    _, prometheus, _ = monitored
    states = [(target["health"], target["lastError"]) for target in prometheus.targets()]
    assert states == [("up", "")] * 2


@needs_prometheus
def test_a_page_links_the_graphs_of_each_row(monitored):
    _, prometheus, _ = monitored
    page = httpx.get(f"{prometheus.url}/consoles/graphs.html").text
    links = re.findall(r'href="(.+?)"', page)
    assert len(links) == len(panels.ROWS)
    graph = httpx.get(prometheus.url + html.unescape(links[0]), follow_redirects=True)
    assert graph.status_code == httpx.codes.OK


@needs_prometheus
@pytest.mark.parametrize("panel", panels.all_panels(), ids=lambda panel: panel.title)
def test_a_panel_shows_numbers(monitored, panel):
    _, prometheus, _ = monitored
    for query in panel.queries:
        series = prometheus.query(promql.resolve(query.expression, WINDOW))
        values = [float(one["value"][1]) for one in series]
        assert values
        assert any(math.isfinite(value) for value in values), values
        for label in re.findall(r"{{(\w+)}}", query.legend):
            assert all(label in one["metric"] for one in series)


@needs_prometheus
def test_the_rules_are_evaluated_without_errors(monitored):
    _, prometheus, _ = monitored
    rules = prometheus.rules()
    assert {rule["name"] for rule in rules} == {*alerts(), *recorded()}
    assert [rule for rule in rules if rule["health"] != "ok" or rule.get("lastError")] == []


@needs_prometheus
@pytest.mark.parametrize("name", sorted(declared().keys() - MOVED_ELSEWHERE.keys()))
def test_requests_move_every_metric_that_is_declared(monitored, name):
    servers, _, before = monitored
    after = samples(*servers)
    moved = {key[0] for key, value in after.items() if value != before.get(key)}
    if declared()[name].type == "gauge":
        # Some are at rest between requests, and some never change; all have a series.
        assert {key[0] for key in after} >= {name}
    else:
        assert moved & {f"{name}_total", f"{name}_count"}


@needs_prometheus
def test_gauges_show_what_is_in_progress(monitored):
    _, prometheus, _ = monitored
    (in_progress,) = prometheus.query("max(max_over_time(samo_requests_in_progress[1m]))")
    assert float(in_progress["value"][1]) >= 2  # the scrape itself is one


@needs_prometheus
def test_names_follow_the_conventions_of_prometheus(monitored):
    (server, _), _, _ = monitored
    lint = subprocess.run(
        ["promtool", "check", "metrics"], input=server.get("/metrics").content,
        capture_output=True, check=False,
    )  # fmt: skip
    assert (lint.returncode, lint.stderr.decode()) == (0, "")


@needs_prometheus
def test_the_alerts_fire_when_they_should():
    tests = [str(path) for path in (RULES / "tests").glob("*.yml")]
    done = subprocess.run(
        ["promtool", "test", "rules", *tests], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_is_tested():
    tested = {
        case["alertname"]
        for path in (RULES / "tests").glob("*.yml")
        for test in yaml.safe_load(path.read_text())["tests"]
        for case in test["alert_rule_test"]
        if case.get("exp_alerts")
    }
    assert tested == {*alerts()}


def test_every_alert_has_a_section_in_the_operations_manual():
    sections = re.findall(r"^### (Samo\w+)$", OPERATIONS.read_text(), re.MULTILINE)
    assert sections == [*alerts()]
    for name, rule in alerts().items():
        assert rule["annotations"]["runbook"] == f"docs/operations.md#{name.lower()}"
        assert rule["labels"]["severity"] in ("page", "ticket")


def test_the_operations_manual_lists_every_metric():
    rows = re.findall(
        r"^\| `(samo_\w+)` \| (\w+) \| (.*) \| (.*) \|$", OPERATIONS.read_text(), re.M
    )
    listed = {name: (kind, labels, meaning) for name, kind, labels, meaning in rows}
    assert len(listed) == len(rows)
    assert listed == {
        exposed_name(family): (family.type, labels_of(family), family.documentation.rstrip("."))
        for family in declared().values()
        if family.name.startswith("samo_")
    }


def labels_of(family):
    names: Any = metrics.registry._collector_to_names.items()
    (collector,) = [one for one, its_names in names if family.name in its_names]
    return ", ".join(f"`{label}`" for label in collector._labelnames) or "none"


def exposed_name(family):
    return f"{family.name}_total" if family.type == "counter" else family.name


def test_queries_and_rules_name_metrics_that_exist():
    known = {exposed_name(family) for family in declared().values()}
    known |= {f"{name}_{part}" for name in known for part in ("bucket", "count", "sum")}
    expressions = [query.expression for panel in panels.all_panels() for query in panel.queries]
    expressions += [rule["expr"] for rule in rules()]
    named = {name for text in expressions for name in re.findall(r"\bsamo_\w+|process_\w+", text)}
    assert named <= known


def test_the_dashboard_is_generated_from_the_panels():
    assert dashboard.FILE.read_text() == dashboard.render(), "run `make dashboard`"


def rules():
    return [
        rule
        for file in yaml.safe_load((RULES / "prometheus.yml").read_text())["rule_files"]
        for group in yaml.safe_load((RULES / file).read_text())["groups"]
        for rule in group["rules"]
    ]


def alerts():
    return {rule["alert"]: rule for rule in rules() if "alert" in rule}


def recorded():
    return {rule["record"]: rule for rule in rules() if "record" in rule}
