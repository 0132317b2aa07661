"""Alerts, dashboards and runbooks fit each other, and the metrics and commands that exist."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml

from application import metrics
from interfaces.cli import main
from interfaces.http.app import ROUTES
from interfaces.settings import ABOUT

OPS = Path(__file__).resolve().parents[3] / "ops"
RULES = OPS / "alerts" / "ais.rules.yml"
BOARDS = sorted((OPS / "dashboards").glob("*.json"))
RUNBOOKS = sorted((OPS / "runbooks").glob("*.md"))
# Labels that Prometheus itself adds, and those of every process.
ADDED = {"instance", "job"}
OF_THE_PROCESS = {"process_resident_memory_bytes": set[str]()}
SCALARS = {"NumberLiteral", "StringLiteral"}


def _series() -> dict[str, set[str]]:
    """Every series that can exist, with its labels."""
    found = dict(OF_THE_PROCESS)
    for each in metrics.ALL:
        if isinstance(each, metrics.Histogram):
            found[f"{each.name}_bucket"] = {*each.labels, "le"}
            found[f"{each.name}_sum"] = found[f"{each.name}_count"] = set(each.labels)
        else:
            found[each.name] = set(each.labels)
    return found


def _selectors(node: Any) -> Iterator[Any]:
    """The series that an expression reads; raises for a kind of node that is not known here."""
    kind = type(node).__name__
    if kind == "VectorSelector":
        yield node
        return
    if kind in SCALARS:
        return
    children = {
        "MatrixSelector": lambda: [node.vector_selector],
        "AggregateExpr": lambda: [node.expr, *([node.param] if node.param is not None else [])],
        "BinaryExpr": lambda: [node.lhs, node.rhs],
        "Call": lambda: node.args,
        "ParenExpr": lambda: [node.expr],
        "UnaryExpr": lambda: [node.expr],
        "SubqueryExpr": lambda: [node.expr],
    }[kind]()
    for child in children:
        yield from _selectors(child)


def faults(expression: str) -> list[str]:
    """What is wrong with an expression: it cannot be parsed, or names what does not exist."""
    try:
        tree = promql_parser.parse(expression)
    except ValueError as error:
        return [str(error)]
    series, found, labels = _series(), [], set[str]()
    for each in _selectors(tree):
        if each.name not in series:
            found.append(f"no metric {each.name}")
            continue
        labels |= series[each.name]
        matched = {matcher.name for matcher in each.matchers.matchers}
        found += [f"{each.name} has no label {name}" for name in matched - series[each.name]]
    grouped = set(re.findall(r"\b(\w+)\b", " ".join(re.findall(r"\bby \(([^)]*)\)", expression))))
    return found + [f"no label {name}" for name in grouped - labels - ADDED]


def _rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load(RULES.read_text("utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def _panels() -> list[tuple[str, dict[str, Any]]]:
    return [
        (board.stem, panel)
        for board in BOARDS
        for panel in json.loads(board.read_text("utf-8"))["panels"]
    ]


def _expressions() -> list[str]:
    targets = [target["expr"] for _, panel in _panels() for target in panel["targets"]]
    return [rule["expr"] for rule in _rules()] + targets


def test_every_expression_reads_metrics_and_labels_that_exist() -> None:
    expressions = _expressions()
    assert len(expressions) > 50
    assert {each: found for each in expressions if (found := faults(each))} == {}


@pytest.mark.parametrize(
    ("expression", "fault"),
    [
        ("max(ais_no_such_metric) > 0", "no metric ais_no_such_metric"),
        ('sum(rate(ais_letters_total{outcom="failed"}[5m]))', "no label outcom"),
        ("sum by (rout) (rate(ais_request_seconds_count[5m]))", "no label rout"),
        ("ais_request_seconds > 1", "no metric ais_request_seconds"),
        ("max(ais_outbox_waiting", "unclosed left parenthesis"),
    ],
)
def test_an_expression_that_does_not_fit_is_found(expression: str, fault: str) -> None:
    assert fault in " ".join(faults(expression))


def test_labels_are_matched_with_values_that_code_gives() -> None:
    given = {
        "status": {"none", "1xx", "2xx", "3xx", "4xx", "5xx"},
        "age": {"0-1", "2-3", "4-7", "8-30", ">30"},
    }
    source = "\n".join(
        (OPS.parent / name).read_text("utf-8")
        for name in (
            *("application/commands/dispatcher.py", "application/mail.py"),
            *("application/payment/gateway.py", "interfaces/worker/task_handler.py"),
        )
    )
    for expression in _expressions():
        for each in _selectors(promql_parser.parse(expression)):
            for matcher in each.matchers.matchers:
                for value in matcher.value.split("|"):
                    known = given.get(matcher.name)
                    assert value in known if known else re.search(rf"\b{value}\b", source), value


def test_every_metric_is_on_a_dashboard() -> None:
    shown = " ".join(target["expr"] for _, panel in _panels() for target in panel["targets"])
    assert [each.name for each in metrics.ALL if each.name not in shown] == []


def test_each_alert_says_how_urgent_it_is_what_it_means_and_what_to_do() -> None:
    rules = _rules()
    names = [rule["alert"] for rule in rules]
    assert len(set(names)) == len(names) > 15
    for rule in rules:
        assert rule["labels"] in ({"severity": "page"}, {"severity": "ticket"}), rule["alert"]
        runbook = OPS.parent / rule["annotations"]["runbook"]
        assert f"`{rule['alert']}`" in runbook.read_text("utf-8"), rule["alert"]
        assert rule["annotations"]["summary"]
    led_to = {Path(rule["annotations"]["runbook"]).name for rule in rules}
    without_alert = {
        each.name for each in RUNBOOKS if "\nNo alert" in each.read_text("utf-8")[:200]
    }
    assert not led_to & without_alert
    assert led_to | without_alert == {each.name for each in RUNBOOKS}


def test_panels_of_a_dashboard_lie_side_by_side_and_have_ids_of_their_own() -> None:
    assert len(BOARDS) >= 3
    for board in BOARDS:
        panels = [panel for name, panel in _panels() if name == board.stem]
        assert len({panel["id"] for panel in panels}) == len(panels)
        taken = {
            (panel["gridPos"]["x"] + right, panel["gridPos"]["y"] + down)
            for panel in panels
            for right in range(panel["gridPos"]["w"])
            for down in range(panel["gridPos"]["h"])
        }
        assert len(taken) == sum(p["gridPos"]["w"] * p["gridPos"]["h"] for p in panels)
        assert json.loads(board.read_text("utf-8"))["uid"] == board.stem


def _commands() -> list[tuple[str, list[str]]]:
    return [
        (runbook.name, found.split())
        for runbook in RUNBOOKS
        for found in re.findall(r"(?<!`)ops/ais ([^\n`]+)|`ops/ais ([^`]+)`", runbook.read_text())
        for found in filter(None, found)
    ]


def test_runbooks_name_commands_that_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIS_DATABASE_URL", "postgresql:///")
    commands = _commands()
    assert len(commands) > 15
    for runbook, (verb, *arguments) in commands:
        assert verb in {name for name, _, _ in main.VERBS}, (runbook, verb)
        if arguments:
            app = main.make_app(verb)
            app.parse_args([verb, *arguments], exit_on_error=False, print_error=False)


def test_runbooks_name_metrics_routes_settings_and_pages_that_exist() -> None:
    paths = {re.sub(r":\w+}", "}", path) for route in ROUTES for path in route.paths}
    series = set(_series()) | {each.name for each in metrics.ALL}
    for runbook in RUNBOOKS:
        text = runbook.read_text("utf-8")
        assert {f"ais_{each}" for each in re.findall(r"`ais_(\w+)`", text)} <= series, runbook.name
        assert set(re.findall(r"(?:GET|POST) (/\S+?)`", text)) <= paths, runbook.name
        settings = {f"AIS_{name.upper()}" for name in ABOUT}
        assert set(re.findall(r"AIS_[A-Z_]+", text)) <= settings, runbook.name
        for page in re.findall(r"`(docs/[^`]+)`", text):
            assert (OPS.parent / page).is_file(), (runbook.name, page)
        for other in re.findall(r"\]\(([^)]+)\)", text):
            assert (OPS / "runbooks" / other).is_file(), (runbook.name, other)


def test_promtool_agrees() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed; the rules are parsed by the tests above")
    done = subprocess.run([promtool, "check", "rules", RULES], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
