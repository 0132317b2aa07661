"""What a buyer may write to whom a gift card is for: the airline mails it under its own name."""

import re

from domain.credit import rejections

# Mail programs make a link of each of these.
_LINK = re.compile(r"://|\bwww\.|[\w-]\.[a-z]{2,}(?=[/?#:,.!\s]|$)", re.IGNORECASE)


def require_plain(text: str, *, field: str, may_be_blank: bool = False) -> None:
    """The text has no link, which strangers would trust; otherwise GiftCardTextRefused.

    So is a blank one, unless it may be.
    """
    if not may_be_blank and not text.strip():
        raise rejections.GiftCardTextRefused(field=field, reason="blank")
    if _LINK.search(text):
        raise rejections.GiftCardTextRefused(field=field, reason="links are not mailed")
