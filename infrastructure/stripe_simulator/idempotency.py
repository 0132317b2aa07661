"""The store behind `Idempotency-Key`: an answer is kept 24 hours, then the key executes again.

Only requests that began to execute are kept; refused parameters and conflicts are not.
"""

from collections import OrderedDict

import msgspec

from infrastructure.stripe_simulator.errors import ApiError, invalid

LIFE_SECONDS = 24 * 3600
KEY_LENGTH_LIMIT = 255
# Of answers that have to be kept no longer, so many are forgotten with each new key.
FORGOTTEN_AT_ONCE = 2


class Record(msgspec.Struct):
    """One key: the request, and the answer once there is one (`status` 0 while it runs)."""

    fingerprint: str
    created: int
    request_id: str
    status: int = 0
    body: str = ""


class KeyStore:
    """Records by key, oldest first: those of a day, and never more than `limit`."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.records: OrderedDict[str, Record] = OrderedDict()

    def begin(self, key: str, *, fingerprint: str, request_id: str, now: int) -> Record | None:
        """Return the finished record to replay, or None after claiming the key for this request."""
        if not 1 <= len(key) <= KEY_LENGTH_LIMIT:
            raise invalid(f"Idempotency keys have 1 to {KEY_LENGTH_LIMIT} characters.")
        known = self.records.get(key)
        if known is not None and known.created + LIFE_SECONDS <= now and known.status:
            del self.records[key]
            known = None
        if known is None:
            self._forget_oldest(now)
            self.records[key] = Record(fingerprint, now, request_id)
            return None
        if known.fingerprint != fingerprint:
            raise ApiError(
                400,
                "Keys for idempotent requests can only be used with the same parameters they "
                f"were first used with. Try using a key other than '{key}'.",
                kind="idempotency_error",
            )
        if not known.status:
            raise ApiError(
                409,
                "There is currently another in-progress request using this Stripe-Idempotency "
                "key. Please try again.",
                code="idempotency_key_in_use",
            )
        return known

    def finish(self, key: str, *, status: int, body: str) -> None:
        """Keep the answer for replays."""
        record = self.records[key]
        record.status, record.body = status, body

    def abandon(self, key: str) -> None:
        """Free a claimed key whose request never began to execute."""
        self.records.pop(key, None)

    def _forget_oldest(self, now: int) -> None:
        """Make room; the cost does not depend on how many there are.

        A request that still runs keeps its key, and moves to the end.
        """
        for _ in range(min(FORGOTTEN_AT_ONCE, len(self.records))):
            key, oldest = next(iter(self.records.items()))
            if len(self.records) < self._limit and now < oldest.created + LIFE_SECONDS:
                return
            if oldest.status:
                del self.records[key]
            else:
                self.records.move_to_end(key)
