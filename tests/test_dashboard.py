"""The dashboard and the alerts ask for metrics that exist, in PromQL that Prometheus understands."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import promql_parser
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from local.addresses import MEASURED
from local.settings import LocalSettings

ROOT = Path(__file__).parents[1]
ROOMS = ("agents", "bot", "cases", "knowledge", "local", "model.server", "worker")
MODULES = (*(f"{room}.metrics" for room in ROOMS), "worker.gauges")
OURS = re.compile(r"\b(?:skingpt|tgi|process)_\w+")


def expressions() -> Iterator[tuple[str, str]]:
    """(where, PromQL) of every panel and alert."""
    dashboard = json.loads((ROOT / "deploy" / "grafana" / "skingpt.json").read_text(encoding="utf-8"))
    for panel in dashboard["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"]
    for group in yaml.safe_load((ROOT / "deploy" / "alerts.yml").read_text(encoding="utf-8"))["groups"]:
        for rule in group["rules"]:
            yield rule["alert"], rule["expr"]


def names_in(exposition: str) -> set[str]:
    """Every series an exposition offers, also those of histograms that have not seen anything."""
    names: set[str] = set()
    for family in text_string_to_metric_families(exposition):
        endings = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}.get(family.type, ("",))
        names |= {family.name + ending for ending in endings}
    return names


@pytest.fixture(scope="module")
def exposition() -> str:
    """What a process that has imported every room's metrics exposes."""
    imports = "; ".join(f"import {module}" for module in MODULES)
    code = f"{imports}; import prometheus_client as p, sys; sys.stdout.write(p.generate_latest().decode())"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout


def test_every_expression_is_promql() -> None:
    found = list(expressions())
    assert len(found) > 40
    for where, expression in found:
        try:
            promql_parser.parse(expression)
        except ValueError as error:
            pytest.fail(f"{where}: {error}")


def test_every_metric_that_is_asked_for_exists(exposition: str) -> None:
    there = names_in(exposition)
    asked = {(where, name) for where, expression in expressions() for name in OURS.findall(expression)}
    assert {name for _, name in asked} >= {"skingpt_answer_seconds_bucket", "skingpt_waiting"}
    assert {(where, name) for where, name in asked if name not in there} == set()


def test_every_metric_of_ours_is_on_the_dashboard(exposition: str) -> None:
    asked = {name for _, expression in expressions() for name in OURS.findall(expression)}
    stems = {re.sub(r"_(total|bucket|sum|count)$", "", name) for name in asked}
    families = {family.name for family in text_string_to_metric_families(exposition)}
    ours = {name for name in families if name.startswith("skingpt_") and not name.endswith("_created")}
    assert ours - stems == set()


def test_no_label_can_hold_an_id() -> None:
    labels = re.compile(r"\[((?:\"\w+\"(?:, )?)+)\]")
    for module in MODULES:
        text = (ROOT / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8")
        for names in labels.findall(text):
            assert not re.search(r"chat|case|turn|patient|user|update_id|token", names), (module, names)


def test_only_the_sweep_shows_the_gauges_of_the_house() -> None:
    """Else a process that never takes them would show zeroes, and `min` or `absent` would be wrong."""
    code = "import bot.application, worker.advise, worker.examine, sys; print('worker.gauges' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_prometheus_asks_every_part_that_has_a_port() -> None:
    config = yaml.safe_load((ROOT / "deploy" / "prometheus.yml").read_text(encoding="utf-8"))
    here = config["scrape_configs"][0]["static_configs"]
    asked = {each["labels"]["part"]: each["targets"][0] for each in here}
    settings = LocalSettings()
    ports = {part: settings.metrics_port + place for place, part in enumerate(MEASURED)}
    ports |= {"embedder": settings.embedder_port, "model": settings.model_port}
    assert asked == {part: f"127.0.0.1:{port}" for part, port in ports.items()}
    assert (ROOT / "deploy" / config["rule_files"][0]).is_file()
