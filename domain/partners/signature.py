"""The signature of a delivery, by Standard Webhooks: HMAC-SHA256 over id, time and raw body.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import datetime as dt
import hashlib
import hmac
from collections.abc import Sequence

SECRET_BYTES = 32
SECRET_PREFIX = "whsec_"  # noqa: S105 - the beginning of secrets, by which scanners find them
# Receivers refuse a delivery whose time is further away from their clock, so that none is repeated
# by whoever recorded it.
TOLERANCE = dt.timedelta(minutes=5)
# How long deliveries are signed by the secret before, too.
OLD_SECRET_LASTS = dt.timedelta(hours=24)


def shown(secret: bytes) -> str:
    """Return the secret as partners configure it."""
    return SECRET_PREFIX + base64.b64encode(secret).decode()


def headers(
    delivery_id: str, body: bytes, secrets: Sequence[bytes], *, at: dt.datetime
) -> dict[str, str]:
    """Return the headers of a delivery; it is signed by each secret (K2), the newest first."""
    timestamp = str(int(at.timestamp()))
    content = b".".join((delivery_id.encode(), timestamp.encode(), body))
    signatures = (
        base64.b64encode(hmac.digest(secret, content, hashlib.sha256)).decode()
        for secret in secrets
    )
    return {
        "webhook-id": delivery_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{each}" for each in signatures),
    }
