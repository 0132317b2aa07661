"""What a change of the price credits and what it debits."""

from domain.invoicing.lines import (
    CARRIAGE_EXTRAS,
    OUT_OF_SCOPE,
    PASSENGER_CARRIAGE,
    Subtotal,
    TaxLine,
    credited_and_debited,
    subtotals,
)


def test_a_refund_less_a_fee_is_one_credit_of_the_difference() -> None:
    change = [
        TaxLine("fare", "S", -32_000, -4_800),
        TaxLine("charge", "S", -2_000, -300),
        TaxLine("fee", "S", 16_000, 2_400),
    ]
    credited, debited = credited_and_debited(change)
    assert credited == (TaxLine("difference", "S", 18_000, 2_700),)
    assert debited == ()


def test_a_journey_that_becomes_international_credits_the_taxed_and_debits_the_untaxed_fare() -> (
    None
):
    change = [TaxLine("fare", "S", -32_000, -4_800), TaxLine("fare", "Z", 40_000, 0)]
    credited, debited = credited_and_debited(change)
    assert credited == (TaxLine("fare", "S", 32_000, 4_800),)
    assert debited == (TaxLine("fare", "Z", 40_000, 0),)


def test_no_amount_of_a_document_is_negative_even_where_rounding_moves_net_and_tax_apart() -> None:
    credited, debited = credited_and_debited([TaxLine("fare", "S", -1, 1)])
    assert credited == (TaxLine("difference", "S", 1, 0),)
    assert debited == (TaxLine("difference", "S", 0, 1),)


def test_what_does_not_change_the_price_has_no_line() -> None:
    assert credited_and_debited([TaxLine("fare", "Z", 0, 0)]) == ((), ())
    unchanged = [TaxLine("fare", "Z", -500, 0), TaxLine("fee", "Z", 500, 0)]
    assert credited_and_debited(unchanged) == ((), ())


def test_lines_without_tax_name_the_reason_by_what_was_sold() -> None:
    lines = [
        TaxLine("goodwill", "O", 300, 0),
        TaxLine("fare", "Z", 1_000, 0),
        TaxLine("extra", "Z", 200, 0),
        TaxLine("fare", "S", 100, 15),
        TaxLine("charge", "S", 20, 3),
    ]
    assert subtotals(lines) == (
        Subtotal("S", None, 120, 18),
        Subtotal("Z", PASSENGER_CARRIAGE, 1_200, 0),
        Subtotal("O", OUT_OF_SCOPE, 300, 0),
    )
    assert [line.reason for line in lines[:3]] == [
        OUT_OF_SCOPE,
        PASSENGER_CARRIAGE,
        CARRIAGE_EXTRAS,
    ]
    assert subtotals(lines[2:3]) == (Subtotal("Z", CARRIAGE_EXTRAS, 200, 0),)
