"""Delivery of events to webhook endpoints: signed, concurrent, retried by the account's clock.

Order is not guaranteed. `pending_webhooks` of an event falls only when a receiver answers 2xx.
An endpoint gets events in its own API version. Retries end when it is removed or disabled.
Signatures contain the real time even when the account's clock was moved.
"""

import asyncio
import random
import time
from collections import OrderedDict
from typing import Any, Literal

import aiohttp
import msgspec
import stripe

from infrastructure.stripe_simulator.account import Account
from infrastructure.stripe_simulator.configuration import Configuration, Json
from infrastructure.stripe_simulator.ids import new_id

RULES_LIMIT = 100


class Rule(msgspec.Struct, forbid_unknown_fields=True):
    """What happens to the next `times` deliveries whose event type starts with `type`.

    `reorder` collects `times` deliveries and sends them newest first, one after the other;
    `hold` keeps them until released; `rewrite` changes fields of the event object;
    `bad_signature` and `skew` (timestamp moved by `seconds`) affect the first attempt only.
    """

    action: Literal[
        "drop", "delay", "duplicate", "hold", "reorder", "bad_signature", "skew", "rewrite"
    ]
    type: str = ""
    times: int = 1
    seconds: float = 0.0
    copies: int = 2
    fields: dict[str, Any] = {}


class Delivery(msgspec.Struct):
    """One event on its way to one endpoint, with the outcome of each attempt."""

    id: str
    event: str
    type: str
    endpoint: str
    state: Literal["waiting", "held", "delivered", "failed", "dropped"] = "waiting"
    attempts: list[str] = []
    rule: Rule | None = None


class Courier:
    """Owns the deliveries; `offer` is called with every event of the account."""

    def __init__(self, account: Account, configuration: Configuration) -> None:
        self._account = account
        self._configuration = configuration
        self._slots = asyncio.Semaphore(configuration.delivery_concurrency)
        self._tasks: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None
        self.deliveries: OrderedDict[str, Delivery] = OrderedDict()
        self.rules: list[Rule] = []
        # What a rule that reorders has collected so far, by the identity of the rule.
        self._collected: dict[int, list[Delivery]] = {}
        self.gaps_seconds = configuration.retry_delays_seconds
        account.outgoing.append(self.offer)

    def add_rule(self, rule: Rule) -> None:
        if len(self.rules) >= RULES_LIMIT:
            raise ValueError(f"at most {RULES_LIMIT} rules can wait")
        self.rules.append(rule)

    def offer(self, event: Json, endpoints: list[Json]) -> None:
        """Queue one delivery for each endpoint, under the first rule that matches."""
        for endpoint in endpoints:
            delivery = Delivery(new_id("wd", 16), event["id"], event["type"], endpoint["id"])
            if not self._keep(delivery):
                continue
            self._start(delivery)

    def redeliver(self, event: Json, times: int) -> int:
        """Send a known event again to every endpoint, without rules; return how many were sent."""
        started = 0
        for endpoint in list(self._account.endpoints.objects.values()) * times:
            delivery = Delivery(new_id("wd", 16), event["id"], event["type"], endpoint["id"])
            if self._keep(delivery):
                self._spawn(self._carry(delivery))
                started += 1
        return started

    def release(self, order: Literal["oldest", "newest", "shuffled"]) -> int:
        """Send held deliveries one after the other; return how many there were."""
        held = [each for each in self.deliveries.values() if each.state == "held"]
        self._release(held, order)
        return len(held)

    async def close(self) -> None:
        """Stop all deliveries that have not finished."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    def _keep(self, delivery: Delivery) -> bool:
        """Return whether the log has room: only finished deliveries are removed."""
        limit = self._configuration.deliveries_limit
        while len(self.deliveries) >= limit:
            finished = (
                each.id
                for each in self.deliveries.values()
                if each.state not in ("waiting", "held")
            )
            oldest = next(finished, None)
            if oldest is None:
                return False
            del self.deliveries[oldest]
        self.deliveries[delivery.id] = delivery
        return True

    def _start(self, delivery: Delivery) -> None:
        rule = self._rule_for(delivery.type)
        delivery.rule = rule
        if rule is None:
            self._spawn(self._carry(delivery))
        elif rule.action == "drop":
            delivery.state = "dropped"
        elif rule.action in ("hold", "reorder"):
            delivery.state = "held"
            if rule.action == "reorder":
                self._collect(rule, delivery)
        else:
            for _ in range(rule.copies if rule.action == "duplicate" else 1):
                self._spawn(self._carry(delivery))

    def _collect(self, rule: Rule, delivery: Delivery) -> None:
        """Send what the rule has collected once it is complete."""
        self._collected.setdefault(id(rule), []).append(delivery)
        if rule.times == 0:
            self._release(self._collected.pop(id(rule)), "newest")

    def _rule_for(self, kind: str) -> Rule | None:
        for rule in self.rules:
            if kind.startswith(rule.type):
                rule.times -= 1
                if rule.times <= 0:
                    self.rules.remove(rule)
                return rule
        return None

    def _release(
        self, held: list[Delivery], order: Literal["oldest", "newest", "shuffled"]
    ) -> None:
        if order == "newest":
            held.reverse()
        elif order == "shuffled":
            random.shuffle(held)
        for delivery in held:
            delivery.state = "waiting"
        self._spawn(self._one_by_one(held))

    async def _one_by_one(self, deliveries: list[Delivery]) -> None:
        for delivery in deliveries:
            if not await self._attempt(delivery):
                self._spawn(self._carry(delivery))

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry(self, delivery: Delivery) -> None:
        """Attempt, wait, attempt again, until 2xx or the gaps are used up."""
        clock = self._account.clock
        due = clock.exact()
        if delivery.rule is not None and delivery.rule.action == "delay":
            due += delivery.rule.seconds
            await clock.reaches(due)
        for gap in (*self.gaps_seconds, None):
            if await self._attempt(delivery):
                return
            if gap is not None:
                due += gap
                await clock.reaches(due)
        if delivery.state == "waiting":
            delivery.state = "failed"

    async def _attempt(self, delivery: Delivery) -> bool:
        """Send one POST; return True when there is nothing more to do."""
        event = self._account.events.objects.get(delivery.event)
        endpoint = self._account.endpoints.objects.get(delivery.endpoint)
        if event is None or endpoint is None or endpoint["status"] != "enabled":
            delivery.state = "dropped"
            return True
        async with self._slots:
            outcome = await self._post(event, endpoint, delivery)
        delivery.attempts.append(outcome)
        if not outcome.startswith("2"):
            return False
        if delivery.state != "delivered":
            delivery.state = "delivered"
            event["pending_webhooks"] = max(0, event["pending_webhooks"] - 1)
        return True

    async def _post(self, event: Json, endpoint: Json, delivery: Delivery) -> str:
        rule = delivery.rule
        spoiled = rule is not None and not delivery.attempts
        event = {**event, "api_version": endpoint["api_version"] or event["api_version"]}
        if rule is not None and rule.action == "rewrite":
            event = {**event, **rule.fields}
        payload = msgspec.json.encode(event).decode()
        secret = self._account.endpoint_secrets[endpoint["id"]]
        moved = 0.0
        if rule is not None and spoiled and rule.action == "bad_signature":
            secret = "whsec_of_another_account"  # noqa: S105  wrong on purpose
        if rule is not None and spoiled and rule.action == "skew":
            moved = rule.seconds
        signature = stripe.WebhookSignature.generate_signature_header(
            payload, secret, int(time.time() + moved)
        )
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Stripe-Signature": signature,
            "User-Agent": "Stripe/1.0 (simulator)",
        }
        try:
            async with self._client().post(
                endpoint["url"], data=payload.encode(), headers=headers, allow_redirects=False
            ) as response:
                return str(response.status)
        except TimeoutError:
            return "timeout"
        except (aiohttp.ClientError, OSError) as error:
            return type(error).__name__

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            limit = aiohttp.ClientTimeout(total=self._configuration.delivery_timeout_seconds)
            self._session = aiohttp.ClientSession(timeout=limit)
        return self._session
