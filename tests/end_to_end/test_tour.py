"""The tour of the demo, on the whole system."""

from interfaces.cli import demo_tour
from interfaces.cli.demo_stage import Stage
from interfaces.cli.storyline import Step
from tests.support import system


def test_the_tour_walks_a_change_a_cancellation_a_check_in_and_a_cancelled_flight(
    stage: Stage,
) -> None:
    reported: list[Step] = []
    changed, cancelled, boarded, refunded = demo_tour.tour(stage, reported.append)
    assert changed["segments"][0]["cabin"] == "business"
    assert cancelled["status"] == "refunded"
    assert boarded["status"] == "boarded"
    assert refunded["refund"] == refunded["total"]
    (page,) = stage.folder.glob("*.pdf")
    assert page.read_bytes().startswith(b"%PDF")
    letters = "\n".join(path.read_text("utf-8") for path in stage.mailbox.glob("*.eml"))
    for reference in (changed["reference"], cancelled["reference"], refunded["reference"]):
        assert reference in letters
    assert len(reported) >= 10
    system.assert_invariants(stage.owner_dsn)
