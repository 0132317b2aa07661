"""What customers do at random: each is a script whose steps wait for a time of their own choice.

A customer who gets no answer asks again with the same key, and gives up after some tries.
"""

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

import msgspec

from application import ports
from application.booking.ask_about_payment import ask_about_payment
from application.booking.cancel_booking import CancelBooking
from application.booking.open_checkout import open_checkout, open_session_for
from application.commands.command import Command, Outcome
from application.credit.claim_gift_card import ClaimGiftCard
from application.credit.issue_credit import IssueCredit
from application.credit.open_gift_card_checkout import StartGiftCardCheckout
from application.credit.refund_gift_card import RefundGiftCard
from application.credit.spend_credit import spend_credit
from application.payment.gateway import GatewayFailure
from domain.booking.states import Status
from domain.kernel import ids, money
from domain.kernel.money import Money
from domain.kernel.rejections import Rejection
from domain.policies.money_values import GIFT_CARDS
from tests.simulation.airline_process import AirlineProcess
from tests.support.gift_cards import order
from tests.support.memory_use_cases import CUSTOMER

TRIES_LIMIT = 4
HOUR = 3_600
DAY = 24 * HOUR
# The hold has ended long before: a payment that ends then is late.
LATE_SECONDS = 2 * DAY
GOOD_CARDS = ("pm_card_visa", "pm_card_mastercard", "pm_card_amex", "pm_card_pendingRefund")
BAD_CARDS = ("pm_card_chargeDeclined", "pm_card_chargeDeclinedInsufficientFunds")
SECURE_CARDS = ("pm_card_threeDSecureRequired", "pm_card_threeDSecureRequiredChargeDeclined")
DISPUTED_CARDS = (
    "pm_card_createDispute",
    "pm_card_createDisputeProductNotReceived",
    "pm_card_createDisputeInquiry",
    "pm_card_createIssuerFraudRecord",
)
SLOW_METHODS = ("pm_usBankAccount_success", "pm_usBankAccount_insufficientFunds")

Result = TypeVar("Result")


class Seat(msgspec.Struct, frozen=True):
    """The flights of one currency: the first is booked, the others are changed to."""

    currency: str
    flights: tuple[str, ...]


class Customer:
    """`steps` yields how many seconds pass before the next step; `number` makes ids of requests."""

    def __init__(
        self, airline: Callable[[], AirlineProcess], number: int, seat: Seat, *, seed: int
    ) -> None:
        self.number = number
        self.done: list[str] = []
        self.booking = ""
        self._airline = airline
        self._seat = seat
        self._requests = number * 1_000
        self._random = random.Random(f"{seed}:{number}")

    async def steps(self) -> AsyncIterator[int]:
        """Book; most pay; some cancel, change or come back. A few buy a gift card instead."""
        dice = self._random
        if dice.random() < 0.08:
            async for seconds in self._gift_card():
                yield seconds
            return
        self.booking = await self._airline().book(self._seat.flights[0])
        self.done.append("book")
        yield dice.randrange(10, 300)
        if dice.random() < 0.08:
            self.done.append("abandon")
            return
        if dice.random() < 0.2:
            await self._spend_credit()
            yield dice.randrange(10, 300)
            if await self._status() not in (Status.RESERVED, Status.PENDING):
                return
        for _ in range(dice.choice((1, 1, 2))):
            session = await self._checkout()
            if session is None:
                return
            yield dice.randrange(10, 300)
            async for seconds in self._pay(session):
                yield seconds
            if await self._status() not in (Status.RESERVED, Status.PENDING):
                break
            yield dice.randrange(10, 300)
        if dice.random() < 0.3:
            await self._try(lambda: ask_about_payment(self._airline().ports, self.booking))
        yield dice.randrange(HOUR, 12 * DAY)
        kind = dice.random()
        if kind < 0.25:
            await self._cancel()
        elif kind < 0.45:
            async for seconds in self._change():
                yield seconds

    async def _gift_card(self) -> AsyncIterator[int]:
        """Buy a card as a booking is paid; it is claimed and spent, refunded, or left."""
        self.done.append("gift card")
        dice, currency = self._random, self._seat.currency
        least, most = GIFT_CARDS.sold[currency]
        amount = money.round_to_charge_step(dice.randrange(least, most), 1, currency)
        number = self._request()
        ordered = await self._try(
            lambda: self._airline().submit(order(amount, digest=f"{number:064}"), number)
        )
        if ordered is None:
            return
        card = ordered.answer.stream
        for _ in range(dice.choice((1, 1, 2))):
            session = await self._open_card_session(card)
            if session is None:
                break
            yield dice.randrange(10, 300)
            async for seconds in self._pay(session):
                yield seconds
            yield dice.randrange(10, HOUR)
        if dice.random() < 0.3:
            await self._try(lambda: ask_about_payment(self._airline().ports, card))
        yield dice.randrange(10, 12 * DAY)
        if dice.random() < 0.3:
            await self._ask_for(RefundGiftCard(card, by_staff=dice.random() < 0.5))
        if (
            dice.random() < 0.8
            and await self._ask_for(ClaimGiftCard(card, CUSTOMER.user)) is not None
        ):
            self.done.append("claim")
            yield dice.randrange(10, 2 * DAY)
            await self._spend_on_new_booking(card)

    async def _spend_on_new_booking(self, card: str) -> None:
        self.booking = await self._airline().book(self._seat.flights[0])
        await self._spend(card)
        if self._random.random() < 0.5:
            await self._cancel()

    async def _open_card_session(self, card: str) -> str | None:
        number = self._request()
        found = await self._try(
            lambda: open_session_for(
                self._airline().ports,
                self._airline().caller(number),
                ids.payment_stream(card, ids.FIRST_PAYMENT),
                StartGiftCardCheckout(card),
            )
        )
        return None if found is None else found.session_id

    async def _ask_for(self, command: Command) -> Outcome | None:
        number = self._request()
        return await self._try(lambda: self._airline().submit(command, number))

    async def _pay(self, session: str) -> AsyncIterator[int]:
        dice = self._random
        kind = dice.random()
        stripe = self._airline().world.stripe
        if kind < 0.52:
            await self._press(session, "pay", dice.choice(GOOD_CARDS))
        elif kind < 0.62:
            await self._press(session, "pay", dice.choice(BAD_CARDS))
            yield dice.randrange(20, 300)
            if dice.random() < 0.7:
                await self._press(session, "pay", "pm_card_visa")
        elif kind < 0.7:
            await self._press(session, "pay", dice.choice(SECURE_CARDS))
            yield dice.randrange(20, 300)
            await self._press(session, dice.choice(("authenticate", "refuse")))
        elif kind < 0.78:
            await self._press(session, "pay", dice.choice(SLOW_METHODS))
        elif kind < 0.86:
            await self._press(session, "pay", dice.choice(DISPUTED_CARDS))
        elif kind < 0.9:
            await self._press(session, "pay", "pm_card_refundFail")
        elif kind < 0.95:
            begun = await stripe.tried("/_control/attempts", session=session, under_way=True)
            self.done.append("pay late")
            yield LATE_SECONDS + dice.randrange(HOUR)
            if begun:
                await stripe.tried("/_control/attempts", session=session, finishes=True)

    async def _press(self, session: str, verb: str, card: str | None = None) -> None:
        """The page may have closed meanwhile."""
        form = b"" if card is None else f"card={card}".encode()
        await self._airline().world.stripe.tried(f"/c/pay/{session}/{verb}", form=form)
        self.done.append(verb if card is None else card)

    async def _checkout(self) -> str | None:
        """One that has failed at Stripe for good is begun anew once."""
        for _ in range(2):
            found = await self._open_session(self._request())
            if found is not None or self.done[-1] != "PAYMENT_FAILED":
                break
        return found

    async def _open_session(self, number: int) -> str | None:
        found = await self._try(
            lambda: open_checkout(
                self._airline().ports, self._airline().caller(number), self.booking
            )
        )
        return None if found is None else found.session_id

    async def _spend_credit(self) -> None:
        """Pay a part, or all, with credit that staff gave; a card pays the rest."""
        self.done.append("spend credit")
        number, amount = (
            self._request(),
            Money(self._random.randrange(20, 70_000), self._seat.currency),
        )
        given = await self._try(
            lambda: self._airline().submit(IssueCredit(self.booking, amount), number)
        )
        if given is None:
            return
        await self._spend(given.answer.stream)

    async def _spend(self, credit: str) -> None:
        number = self._request()
        await self._try(
            lambda: spend_credit(
                self._airline().ports,
                self._airline().caller(number),
                self.booking,
                credit,
                None,
            )
        )

    async def _cancel(self) -> None:
        self.done.append("cancel")
        quote = await self._try(lambda: self._airline().quote_cancellation(self.booking))
        if quote is not None:
            number = self._request()
            command = CancelBooking(quote=quote, reason="requested")
            await self._try(lambda: self._airline().submit(command, number))

    async def _change(self) -> AsyncIterator[int]:
        """Another flight; what is due for it is paid, or not."""
        self.done.append("change")
        to = self._random.choice(self._seat.flights[1:])
        if await self._try(lambda: self._airline().modify(self.booking, to)) is None:
            return
        session = await self._checkout()
        if session is None:
            return
        yield self._random.randrange(10, 300)
        if self._random.random() < 0.7:
            await self._press(session, "pay", "pm_card_visa")

    async def _status(self) -> Status:
        status: Status = (await self._airline().booking(self.booking)).status
        return status

    def _request(self) -> int:
        self._requests += 1
        return self._requests

    async def _try(self, ask: Callable[[], Awaitable[Result]]) -> Result | None:
        """Ask until there is an answer, some tries at most; None where the airline says no."""
        for _ in range(TRIES_LIMIT):
            try:
                return await ask()
            except (GatewayFailure, ports.Unavailable, TimeoutError):
                continue
            except Rejection as rejection:
                self.done.append(rejection.code)
                return None
        self.done.append("gave up")
        return None
