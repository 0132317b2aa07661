"""The tour of the demo, on the whole system."""

from interfaces.cli import demo_tour
from interfaces.cli.storyline import Step
from tests.support import stored_log
from tests.support.running_system import System


def test_the_tour_walks_a_change_a_cancellation_a_check_in_and_a_cancelled_flight(
    system: System,
) -> None:
    reported: list[Step] = []
    changed, cancelled, boarded, refunded = demo_tour.tour(system, reported.append)
    assert changed["segments"][0]["cabin"] == "business"
    assert cancelled["status"] == "refunded"
    assert boarded["status"] == "boarded"
    assert refunded["refund"] == refunded["total"]
    (page,) = system.folder.glob("*.pdf")
    assert page.read_bytes().startswith(b"%PDF")
    letters = "\n".join(path.read_text("utf-8") for path in system.mailbox.glob("*.eml"))
    for reference in (changed["reference"], cancelled["reference"], refunded["reference"]):
        assert reference in letters
    assert len(reported) >= 10
    stored_log.assert_invariants(system.owner_dsn)
