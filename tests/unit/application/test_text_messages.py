"""What a text message costs, and to which numbers it may go."""

import pytest

from application.text_messages import TextMessage, TextRefused, international, segments


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 80 + "a", 2),
        ("ر" * 70, 1),
        ("ر" * 71, 2),
        ("ر" * 134, 2),
        ("ر" * 135, 3),
        # One letter outside the GSM alphabet makes all of it UCS-2; a symbol outside the basic
        # plane takes two places.
        ("a" * 70 + "ر", 2),
        ("✈" * 70, 1),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
    ],
)
def test_segments_are_those_of_the_alphabet_that_the_text_needs(text: str, count: int) -> None:
    assert segments(text) == count


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("+966500000000", "+966500000000"),
        ("+966 (50) 000-0000", "+966500000000"),
        ("00966 50 000 0000", "+966500000000"),
        ("+966 (0)50 000 0000", "+966500000000"),
        ("+966.50.000.0000", "+966500000000"),
        ("(0)500000000", None),
        ("0500000000", None),
        ("+0500000000", None),
        ("500000000", None),
        ("+12345", None),
        ("+1234567890123456", None),
    ],
)
def test_a_number_needs_its_country(written: str, number: str | None) -> None:
    assert international(written) == number


def test_neither_number_nor_text_is_shown_by_a_message_or_its_refusal() -> None:
    message = TextMessage("sms-x-ABC234-1", "+966500000000", "Noura", "x", "en")
    assert repr(message) == "TextMessage(x)"
    assert str(TextRefused(400)) == "status 400"
