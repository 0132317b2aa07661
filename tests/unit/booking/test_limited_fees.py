"""A fee for which the tax of the rest leaves less than it would be."""

import pytest

from application.booking.cancellation_fee import Fee, limited


def test_a_fee_that_fits_stays_as_it_is() -> None:
    fee = Fee(percent=15, amount=2_300, vat=300)
    assert limited(fee, 2_300, "KWD") is fee


@pytest.mark.parametrize(("most", "vat"), [(2_100, 270), (1_150, 150), (0, 0)])
def test_the_tax_within_a_fee_falls_with_the_fee(most: int, vat: int) -> None:
    assert limited(Fee(percent=15, amount=2_300, vat=300), most, "KWD") == Fee(15, most, vat)


def test_a_fee_without_tax_gets_none() -> None:
    assert limited(Fee(percent=15, amount=2_300, vat=0), 1_000, "SAR") == Fee(15, 1_000, 0)
