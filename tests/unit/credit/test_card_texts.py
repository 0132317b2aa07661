"""A buyer's words are mailed in the airline's name, and take strangers nowhere."""

import pytest

from domain.credit import card_texts
from domain.credit.rejections import GiftCardTextRefused


@pytest.mark.parametrize(
    "text",
    [
        "https://evil.example/login",
        "HTTP://EVIL",
        "see www.evil",
        "Your account is locked, log in at evil.com",
        "evil.com/login",
        "evil.co.uk",
        "Evil.COM.",
        "evil-bank.sa, now",
        "a.b@evil.com",
        "موقع.com",
    ],
)
def test_what_becomes_a_link_is_refused(text: str) -> None:
    with pytest.raises(GiftCardTextRefused, match="links"):
        card_texts.require_plain(text, field="recipient.message")


@pytest.mark.parametrize(
    "text",
    [
        "Happy birthday!",
        "Fly soon. Enjoy it...",
        "At 5 p.m. on 3.12., 2.5 hours",
        "Dr. A. Alqahtani",
        "عيد ميلاد سعيد. نراك قريبًا",
        "50% off: {code} %s",
    ],
)
def test_other_words_are_mailed(text: str) -> None:
    card_texts.require_plain(text, field="recipient.message")


def test_a_name_is_not_blank_and_a_message_may_be() -> None:
    for text in ("", " ", "\u00a0"):
        with pytest.raises(GiftCardTextRefused, match="blank"):
            card_texts.require_plain(text, field="recipient.name")
        card_texts.require_plain(text, field="recipient.message", may_be_blank=True)
