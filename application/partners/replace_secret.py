"""Replace the secret of a subscription without a gap: for a day the old one signs, too."""

import datetime as dt

import msgspec

from application.partners.ports import By, SubscriptionPorts
from domain.partners import rejections, signature


class ReplacedSecret(msgspec.Struct, frozen=True):
    """The new secret, which is shown nowhere else, and until when the old one signs, too."""

    secret: str
    old_secret_until: dt.datetime


async def replace_secret(
    subscription_id: str, by: By, outside: SubscriptionPorts
) -> ReplacedSecret:
    """Store a new secret; rejects SubscriptionUnknown, raises Unavailable.

    A second time within the day, the secret before the old one signs no more.
    """
    secret = outside.random_bytes(signature.SECRET_BYTES)
    until = outside.clock() + signature.OLD_SECRET_LASTS
    if not await outside.subscriptions.replace_secret(
        subscription_id, secret, old_until=until, by=by
    ):
        raise rejections.SubscriptionUnknown()
    return ReplacedSecret(signature.shown(secret), until)
