"""Faults that the control path arms for the next API calls: at most one affects a request.

`refuse`, `refuse_stored` and `lost_before` act before anything executes; the key replays the error
of `refuse_stored`, and `lost_before` hangs for `seconds` first.
`fail_after`, `fail_stored`, `lost` and `truncated` act after the change is made; the key replays
the error of `fail_stored` only. `slow` and `slow_after` hold the idempotency key while they wait.
"""

from fnmatch import fnmatchcase
from typing import Literal

import msgspec

from infrastructure.stripe_simulator.errors import ApiError

FAULTS_LIMIT = 100

_CODES = {409: "idempotency_key_in_use", 429: "rate_limit"}
# Stripe refuses a request for an object that another one holds:
# https://docs.stripe.com/rate-limits#object-lock-timeouts
LOCK_TIMEOUT = "lock_timeout"
LOCK_TIMEOUT_STATUS = 429


class Fault(msgspec.Struct, forbid_unknown_fields=True):
    """One armed fault; `path` is a shell pattern such as `/v1/checkout/sessions*`."""

    kind: Literal[
        "refuse", "refuse_stored", "lost_before", "fail_after", "fail_stored", "lost", "truncated",
        "slow", "slow_after",
    ]  # fmt: skip
    path: str = "/v1/*"
    method: str | None = None
    status: int = 500
    code: str | None = None
    times: int = 1
    seconds: float = 0.0
    should_retry: bool | None = None
    limited: str | None = None

    def __post_init__(self) -> None:
        if self.code == LOCK_TIMEOUT and self.status != LOCK_TIMEOUT_STATUS:
            raise ValueError(f"Stripe answers {LOCK_TIMEOUT} with {LOCK_TIMEOUT_STATUS}")

    def error(self) -> ApiError:
        """Return the error answer of this fault."""
        return ApiError(
            self.status,
            f"Simulated failure {self.status}.",
            kind="api_error" if self.status >= 500 else "invalid_request_error",
            code=self.code or _CODES.get(self.status),
        )

    def headers(self) -> dict[str, str]:
        """Return the headers of a refusal; `limited` is Stripe's word for the limit reached."""
        found: dict[str, str] = {}
        if self.should_retry is not None:
            found["Stripe-Should-Retry"] = "true" if self.should_retry else "false"
        if self.limited is not None:
            found["Stripe-Rate-Limited-Reason"] = self.limited
        return found


class FaultBook:
    """Armed faults, oldest first."""

    def __init__(self) -> None:
        self.armed: list[Fault] = []

    def arm(self, fault: Fault) -> None:
        if len(self.armed) >= FAULTS_LIMIT:
            raise ValueError(f"at most {FAULTS_LIMIT} faults can be armed")
        self.armed.append(fault)

    def take(self, method: str, path: str) -> Fault | None:
        """Return the fault for this request and count it down."""
        for fault in self.armed:
            if fault.method in (None, method) and fnmatchcase(path, fault.path):
                fault.times -= 1
                if fault.times <= 0:
                    self.armed.remove(fault)
                return fault
        return None
