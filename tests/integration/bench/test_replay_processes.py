"""The benchmark of the replay in processes runs, and compares what it measures."""

import json

import pytest

from interfaces.cli import bench
from tests.integration.ledger.test_exports import require

EVENTS = 2_000


def test_all_four_replays_of_a_chosen_number_of_events_are_equal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    require("pyarrow")
    assert bench.bench("replay", events=EVENTS, as_json=True) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["events"] == EVENTS
    assert len(found["digest"]) == 64
    assert [case["case"] for case in found["cases"]] == ["database", "archives"]
    assert all(case["ours"] > 0 for case in found["cases"])
