"""Three primaries and their web tier, once for the tests of this folder."""

from collections.abc import Iterator

import pytest

from tests.support.three_carriers import Tier, three_carriers


@pytest.fixture(scope="package")
def tier() -> Iterator[Tier]:
    """Three carriers that are up."""
    with three_carriers() as running:
        yield running
