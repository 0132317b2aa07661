"""Every how-to and the tutorial work as they are written, against the demo as it is shipped."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture import tree
from tests.integration.docs import reader
from tests.integration.docs.running_demo import ROOT, running_demo
from tests.support import servers

TUTORIAL = ROOT / "docs" / "tutorial" / "first-booking.md"

# They need no demo: `test_add_a_use_case.py` checks excerpts and commands of the first, the
# end-to-end tests start the processes of the second, `tests/integration/carriers` follows the
# third, `tests/integration/deployment` starts the processes of the fourth, and
# `test_detach_how_to.py` follows the fifth on an old log.
WITHOUT_DEMO = {
    *("add-a-use-case", "run", "consolidate-airlines", "deploy"),
    "detach-old-partitions",
}
HOW_TOS = [
    page
    for page in sorted((ROOT / "docs" / "how-to").glob("*.md"))
    if page.stem not in WITHOUT_DEMO
]


@pytest.fixture(scope="module")
def environment() -> Iterator[dict[str, str]]:
    """What a reader's shell has: the address of the demo and its accounts.

    It is started once for all documents, and ended after the last: an idle demo costs processor
    time.
    """
    begin = time.monotonic()
    with servers.quick_folder() as folder, running_demo(folder / "data") as ready:
        print(f"the demo was up after {time.monotonic() - begin:.1f} s")
        yield ready


def test_the_tutorial_leads_from_a_registration_to_a_refunded_ticket_and_balanced_books(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    """Both times are shown with `-rP`; no limit is set to them, because machines differ."""
    begin = time.monotonic()
    parts = reader.follow(TUTORIAL, folder=tmp_path, environment=environment)
    print(f"the tutorial was followed in {time.monotonic() - begin:.1f} s")
    assert sum(bool(part.expected) for part in parts) >= 12
    assert {"the booking is confirmed", "the booking is refunded"} <= {
        line for part in parts for line in part.expected
    }


@pytest.mark.parametrize("page", HOW_TOS, ids=lambda page: page.stem)
def test_a_how_to_does_what_it_says(
    page: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    for name in (".venv", "docs", *tree.LAYERS):  # the repository's folder, but for what is written
        (tmp_path / name).symlink_to(ROOT / name)
    parts = reader.follow(page, folder=tmp_path, environment=environment)
    assert sum(bool(part.expected) for part in parts) >= 5


def test_families_and_gate_call_centre_and_disruption_staff_have_one() -> None:
    assert {page.stem for page in HOW_TOS} >= {"gate", "call-centre", "disruption-desk", "family"}
