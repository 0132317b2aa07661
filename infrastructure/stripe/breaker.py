"""Stops calls to Stripe while it does not answer, so that none of them waits for a timeout.

After OUTAGES calls in a row without an answer, the first of them at most WINDOW_SECONDS ago, none
is sent for a pause. Then one call is sent to see: an answer ends the stop, an outage begins the
next pause. An outage is a server error, a timeout or a connection that fails; a refusal, a declined
card, a 429 and our own limit are none. The pauses have chance in them, so that processes do not
return together. Each process finds out for itself: a shared state would need a further server, and
a process that alone has lost the way to Stripe must not stop the others.
"""

import logging
import math
import random
import time
from collections.abc import Callable

from application import metrics
from application.payment.gateway import GatewayNotExecuted

logger = logging.getLogger(__name__)

OUTAGES = 5
WINDOW_SECONDS = 60.0
PAUSE_SECONDS = 10.0
# A pause is up to this part longer, by chance.
JITTER = 0.5


class Breaker:
    """Used from one event loop only.

    `is_paused` says whether an operator has paused payments, `changed` is called with True when
    the process stops calling and with False when Stripe has answered again.
    """

    def __init__(
        self,
        *,
        pause_seconds: float = PAUSE_SECONDS,
        is_paused: Callable[[], bool] = lambda: False,
        changed: Callable[[bool], None] = lambda _: None,
        monotonic: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
        carrier: str = "",
    ) -> None:
        self._carrier = carrier
        self._pause_seconds = pause_seconds
        self._is_paused = is_paused
        self._changed = changed
        self._monotonic = monotonic
        self._chance = chance
        self._outages = 0
        self._first_at = -math.inf
        self._stopped_until: float | None = None
        self._probes = False
        metrics.STRIPE_BREAKER_OPEN.set(0, self._carrier)

    def admit(self) -> bool:
        """Let a call pass; return whether it is the one that is sent to see.

        Raises GatewayNotExecuted at once while no call is sent.
        """
        if self._is_paused():
            raise GatewayNotExecuted("not sent: payments are paused")
        if self._stopped_until is None:
            return False
        if self._probes or self._monotonic() < self._stopped_until:
            raise GatewayNotExecuted("not sent: Stripe does not answer")
        self._probes = True
        return True

    def finish(self, outage: bool | None, *, probe: bool) -> None:
        """Note how an admitted call ended; `outage` is None where it says nothing about Stripe."""
        if probe:
            self._probes = False
        if outage is None:
            return
        if not outage:
            self._answered(probe=probe)
        elif probe:
            self._pause()
        elif self._stopped_until is None:
            self._count()

    def _answered(self, *, probe: bool) -> None:
        """An answer ends the count; only the one that was sent to see ends the stop.

        An answer to a call that was sent before the stop may be older than the outage.
        """
        self._outages = 0
        if not probe or self._stopped_until is None:
            return
        self._stopped_until = None
        metrics.STRIPE_BREAKER_OPEN.set(0, self._carrier)
        logger.warning("Stripe answers again: calls are sent")
        self._changed(False)

    def _count(self) -> None:
        now = self._monotonic()
        if self._outages == 0 or now - self._first_at > WINDOW_SECONDS:
            self._outages, self._first_at = 0, now
        self._outages += 1
        if self._outages < OUTAGES:
            return
        self._pause()
        metrics.STRIPE_BREAKER_OPEN.set(1, self._carrier)
        metrics.STRIPE_BREAKER_OPENED.add(self._carrier)
        logger.critical("Stripe did not answer %d calls in a row: none is sent", OUTAGES)
        self._changed(True)

    def _pause(self) -> None:
        seconds = self._pause_seconds * (1 + JITTER * self._chance())
        self._stopped_until = self._monotonic() + seconds
