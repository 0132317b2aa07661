"""Find the stored webhooks that are about a person, whose bodies name payers.

Each body is sealed under a key of its own that no event of the log mentions, so that all that are
still stored are opened and searched, page by page: minutes for a million.
"""

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from application.privacy.person import History
from application.privacy.ports import PrivacyPorts

PAGE_SIZE = 500
# Ids of objects at Stripe: https://docs.stripe.com/api.
STRIPE_ID = re.compile(r"(pi|cs|ch|py|re|pyr|du|dp)_[A-Za-z0-9_]+")


async def stripe_events_about(
    ports: PrivacyPorts, streams: Sequence[str], histories: Sequence[History]
) -> list[str]:
    """Return the ids of the webhooks whose body names one of the streams, or an object at Stripe
    that their events name. Raises Unavailable.
    """
    words = {word for history in histories for each in history for word in _texts(each.event)}
    needles = [each.encode() for each in words if STRIPE_ID.fullmatch(each)]
    needles += [f'"{each}"'.encode() for each in streams]
    if not any(histories):
        return []
    since = min(history[0].recorded_at for history in histories if history)
    mentions = re.compile(b"|".join(map(re.escape, sorted(needles)))).search
    found: list[str] = []
    after: tuple[dt.datetime, str] | None = None
    while page := await ports.bodies.page(since=since, after=after, limit=PAGE_SIZE):
        opened = await ports.vault.open_all([each.body for each in page])
        found += [
            each.id
            for each, text in zip(page, opened, strict=True)
            if text is not None and mentions(text)
        ]
        after = (page[-1].received_at, page[-1].id)
    return found


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from _texts(getattr(value, name))
    elif isinstance(value, tuple | list | frozenset):
        for each in value:
            yield from _texts(each)
