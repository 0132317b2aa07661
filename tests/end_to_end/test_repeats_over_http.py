"""A request that is repeated with its key is answered as before, whatever has changed since."""

import datetime as dt
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import msgspec
import pytest

from tests.end_to_end.test_pay_with_credit_over_http import given_credit
from tests.support import customers, modes, running_system
from tests.support.customers import PASSPORT, Customer, Refused
from tests.support.running_system import System

# What an answer shows of the present, not of the moment at which the command was carried out.
OF_THE_PRESENT = (
    *("availableActions", "refundStatus", "refunds", "due", "credits", "tasks"),
    "decline",
)
# The same of a segment, whose flight may be cancelled since, and of a coupon.
OF_THE_FLIGHT_NOW = ("flightStatus", "boardingPassPdf")


def as_then(answer: Any) -> Any:
    """The answer without what it shows of the present."""
    if isinstance(answer, list):
        return [as_then(each) for each in answer]
    if not isinstance(answer, dict):
        return answer
    return {name: as_then(value) for name, value in answer.items() if name not in OF_THE_FLIGHT_NOW}


class Case(msgspec.Struct):
    """A customer with a confirmed booking, and staff.

    `unpaid` is a booking to be paid in the end; `reinstates` where the case cancels the flight.
    """

    system: System
    customer: Customer
    support: Customer
    gate: Customer
    operations: Customer
    flight: str
    booking: str
    unpaid: str | None = None
    reinstates: bool = False

    async def end(self) -> None:
        """The whole booking is cancelled by staff, and its flight by operations."""
        if self.unpaid is not None:
            await self.customer.pay(self.unpaid)
            await self.customer.becomes(self.unpaid, "confirmed")
        try:
            waived = await self.support.on(
                self.booking, "cancellation-quote", {"waiver": "bereavement"}
            )
            await self.support.on(self.booking, "cancel", {"quoteId": waived["quoteId"]})
        except Refused:
            pass  # the case has ended it already, or it is on board
        verb = "reinstate" if self.reinstates else "cancel"
        await self.operations.post(
            f"/api/admin/flights/{self.flight}/{verb}", {"reason": "no crew"}
        )


Request = tuple[Customer, str, dict[str, Any] | None]
Step = Callable[[Case], Awaitable[Request]]


async def create(case: Case) -> Request:
    wanted = {"flightIds": [case.flight], "passengers": [{"type": "ADT"}]}
    body = {
        **customers.booking_body(case.flight),
        "quoteId": (await case.customer.post("/api/quotes", wanted))["quoteId"],
    }
    return case.customer, "/api/bookings", body


async def request_service(case: Case) -> Request:
    body = {"passenger": 0, "code": "VGML"}
    return case.customer, f"/api/bookings/{case.booking}/special-services", body


async def record_document(case: Case) -> Request:
    return (
        case.customer,
        f"/api/bookings/{case.booking}/documents",
        {"passenger": 0, **PASSPORT},
    )


async def choose_seat(case: Case) -> Request:
    body = {"seats": [{"passenger": 0, "seat": "13B"}]}
    return case.customer, f"/api/bookings/{case.booking}/seats", body


async def correct_name(case: Case) -> Request:
    body = {"passenger": 0, "firstName": "Nora", "lastName": "Alharbi"}
    return case.customer, f"/api/bookings/{case.booking}/correct-name", body


async def modify(case: Case) -> Request:
    cheaper = running_system.schedule(
        case.system, seats=2, fare=30_000, leaves_in=running_system.LATER
    )
    quote = await case.customer.on(case.booking, "modification-quote", {"flightId": cheaper})
    return (
        case.customer,
        f"/api/bookings/{case.booking}/modify",
        {"quoteId": quote["quoteId"]},
    )


async def cancel(case: Case) -> Request:
    quote = await case.customer.on(case.booking, "cancellation-quote", {})
    return (
        case.customer,
        f"/api/bookings/{case.booking}/cancel",
        {"quoteId": quote["quoteId"]},
    )


async def check_in(case: Case) -> Request:
    return case.customer, f"/api/bookings/{case.booking}/check-in", {}


async def offload(case: Case) -> Request:
    await case.customer.on(case.booking, "check-in", {})
    body = {"segment": 0, "reason": "intoxicated", "fault": "passenger"}
    return case.gate, f"/api/bookings/{case.booking}/offload", body


async def grant_refund(case: Case) -> Request:
    finance = await customers.staff(case.system, case.customer.client, "finance")
    return finance, f"/api/admin/bookings/{case.booking}/refund", {"reason": "complaint upheld"}


async def issue_credit(case: Case) -> Request:
    finance = await customers.staff(case.system, case.customer.client, "finance")
    body = {"amount": {"amount": 5_000, "currency": "SAR"}, "reason": "a broken seat"}
    return finance, f"/api/admin/bookings/{case.booking}/credit", body


async def order_gift_card(case: Case) -> Request:
    amount = {"amount": 400_00, "currency": "SAR"}
    return case.customer, "/api/gift-cards", {"amount": amount, "email": "noura@example.com"}


async def check_out_gift_card(case: Case) -> Request:
    ordered = await case.customer.post(*(await order_gift_card(case))[1:])
    return case.customer, f"/api/gift-cards/{ordered['id']}/checkout", {}


async def hold(case: Case) -> Request:
    draft = await case.customer.reserved([case.flight], mode="draft")
    return case.customer, f"/api/bookings/{draft['id']}/hold", {}


async def checkout(case: Case) -> Request:
    """It is paid before it is repeated, by `end`."""
    case.unpaid = (await case.customer.reserved([case.flight]))["id"]
    return case.customer, f"/api/bookings/{case.unpaid}/checkout", {}


async def split_checkout(case: Case) -> Request:
    made = await case.customer.reserved([case.flight])
    total, first = made["total"]["amount"], 10_000
    body = {"shares": [first, total - first], "currency": "SAR"}
    return case.customer, f"/api/bookings/{made['id']}/split-checkout", body


async def spend_credit(case: Case) -> Request:
    """A part: a card pays the rest before it is repeated, by `end`."""
    case.unpaid = (await case.customer.reserved([case.flight]))["id"]
    credit = await given_credit(case.system, case.customer, 10_000)
    return case.customer, f"/api/bookings/{case.unpaid}/credit", {"credit": credit}


async def abandon(case: Case) -> Request:
    dearer = running_system.schedule(
        case.system, seats=2, fare=90_000, leaves_in=running_system.LATER
    )
    quote = await case.customer.on(case.booking, "modification-quote", {"flightId": dearer})
    await case.customer.on(case.booking, "modify", {"quoteId": quote["quoteId"]})
    return case.customer, f"/api/bookings/{case.booking}/abandon-change", {}


async def withdraw_service(case: Case) -> Request:
    body = {"passenger": 0, "code": "VGML"}
    await case.customer.on(case.booking, "special-services", body)
    return case.customer, f"/api/bookings/{case.booking}/special-services/withdraw", body


async def undo_check_in(case: Case) -> Request:
    await case.customer.on(case.booking, "check-in", {})
    return case.customer, f"/api/bookings/{case.booking}/undo-check-in", {}


async def board(case: Case) -> Request:
    await case.customer.on(case.booking, "check-in", {})
    return case.gate, f"/api/bookings/{case.booking}/board", {}


async def times(case: Case, hours: int) -> dict[str, Any]:
    """So many hours later."""
    known = await case.operations.call("GET", f"/api/admin/flights/{case.flight}")
    departs = dt.datetime.fromisoformat(known["departureTime"]) + dt.timedelta(hours=hours)
    return {
        "departureTime": departs.isoformat(),
        "arrivalTime": (departs + dt.timedelta(hours=2)).isoformat(),
        "reason": "late inbound aircraft",
    }


async def answer_disruption(case: Case) -> Request:
    path = f"/api/admin/flights/{case.flight}/reschedule"
    await case.operations.post(path, await times(case, 3))
    await case.customer.until(case.booking, lambda found: bool(found["disruptions"]))
    return case.customer, f"/api/bookings/{case.booking}/disruption", {"choice": "accept"}


async def divide(case: Case) -> Request:
    case.booking = (await case.customer.confirmed([case.flight], party=("ADT", "ADT")))["id"]
    return case.customer, f"/api/bookings/{case.booking}/division", {"passengers": [1]}


async def schedule(case: Case) -> Request:
    departs = dt.datetime.now(dt.UTC).replace(microsecond=0) + running_system.LATER
    body = {
        "flightNumber": running_system.fresh_number(),
        "origin": "RUH",
        "destination": "JED",
        "departureTime": departs.isoformat(),
        "arrivalTime": (departs + dt.timedelta(hours=2)).isoformat(),
        "currency": "SAR",
        "fareClasses": [{"code": "Y", "cabin": "economy", "fare": 40_000}],
        "cabins": [{"cabin": "economy", "seatCount": 6, "firstRow": 11, "letters": "ABCDEF"}],
    }
    return case.operations, "/api/admin/flights", body


async def change_equipment(case: Case) -> Request:
    body = {
        "cabins": [{"cabin": "economy", "seatCount": 18, "firstRow": 11, "letters": "ABCDEF"}],
        "reason": "another aircraft",
    }
    return case.operations, f"/api/admin/flights/{case.flight}/equipment", body


async def reschedule(case: Case) -> Request:
    path = f"/api/admin/flights/{case.flight}/reschedule"
    return case.operations, path, await times(case, 1)


async def cancel_flight(case: Case) -> Request:
    """It is reinstated before it is repeated, by `end`."""
    case.reinstates = True
    return case.operations, f"/api/admin/flights/{case.flight}/cancel", {"reason": "no crew"}


async def reinstate(case: Case) -> Request:
    path = f"/api/admin/flights/{case.flight}"
    await case.operations.post(f"{path}/cancel", {"reason": "no crew"})
    return case.operations, f"{path}/reinstate", {"reason": "a crew was found"}


async def withdraw_departure(case: Case) -> Request:
    await case.operations.let_depart(case.flight)
    leaves = dt.datetime.now(dt.UTC) + dt.timedelta(hours=5)
    body = {
        "departureTime": leaves.isoformat(),
        "arrivalTime": (leaves + dt.timedelta(hours=2)).isoformat(),
        "reason": "operational",
    }
    return case.operations, f"/api/admin/flights/{case.flight}/withdraw-departure", body


# By the path of the OpenAPI document.
CASES: dict[str, Step] = {
    "/api/bookings": create,
    "/api/bookings/{booking_id}/hold": hold,
    "/api/bookings/{booking_id}/checkout": checkout,
    "/api/bookings/{booking_id}/split-checkout": split_checkout,
    "/api/bookings/{booking_id}/credit": spend_credit,
    "/api/bookings/{booking_id}/cancel": cancel,
    "/api/bookings/{booking_id}/modify": modify,
    "/api/bookings/{booking_id}/abandon-change": abandon,
    "/api/bookings/{booking_id}/correct-name": correct_name,
    "/api/bookings/{booking_id}/seats": choose_seat,
    "/api/bookings/{booking_id}/documents": record_document,
    "/api/bookings/{booking_id}/special-services": request_service,
    "/api/bookings/{booking_id}/special-services/withdraw": withdraw_service,
    "/api/bookings/{booking_id}/check-in": check_in,
    "/api/bookings/{booking_id}/undo-check-in": undo_check_in,
    "/api/bookings/{booking_id}/board": board,
    "/api/bookings/{booking_id}/offload": offload,
    "/api/bookings/{booking_id}/disruption": answer_disruption,
    "/api/bookings/{booking_id}/division": divide,
    "/api/admin/bookings/{booking_id}/refund": grant_refund,
    "/api/admin/bookings/{booking_id}/credit": issue_credit,
    "/api/gift-cards": order_gift_card,
    "/api/gift-cards/{gift_card_id}/checkout": check_out_gift_card,
    "/api/admin/flights": schedule,
    "/api/admin/flights/{flight_id}/equipment": change_equipment,
    "/api/admin/flights/{flight_id}/reschedule": reschedule,
    "/api/admin/flights/{flight_id}/cancel": cancel_flight,
    "/api/admin/flights/{flight_id}/reinstate": reinstate,
    "/api/admin/flights/{flight_id}/withdraw-departure": withdraw_departure,
}
NOT_TRIED: dict[str, str] = {
    "/api/auth/register": "the answer is always the same, so that nobody learns who has an account",
    "/api/auth/mobile-login": "each sign-in opens a session of its own",
    "/api/auth/login": "each sign-in opens a session of its own",
    "/api/auth/refresh": (
        "a repeat gets the same successor: tests/end_to_end/test_sessions_over_http.py"
    ),
    "/api/auth/logout": "a repeat has no session: tests/unit/http/test_sessions.py",
    "/api/auth/logout-all": "a repeat has no session: tests/unit/http/test_sessions.py",
    "/api/auth/password": "a repeat has the old password: tests/integration/identity",
    "/api/auth/password-reset": "each makes a link, and the older is void",
    "/api/auth/password-reset/confirm": "a link works once: tests/integration/identity",
    "/api/auth/mfa": "a challenge and a code work once: tests/integration/identity",
    "/api/auth/secure-account": "a link works once: tests/integration/identity",
    "/api/auth/totp/reset": "a link works once: tests/integration/identity",
    "/api/admin/second-factor-resets": "each makes a reset, and the older is void",
    "/api/admin/second-factor-resets/{reset_id}/approve": "a reset is done once: "
    "tests/integration/identity",
    "/api/admin/second-factor-resets/{reset_id}/cancel": "a reset is cancelled once: "
    "tests/integration/identity",
    "/api/auth/totp": "each makes a secret, and the older is void: tests/integration/identity",
    "/api/auth/totp/confirm": "a code works once: tests/integration/identity",
    "/api/auth/totp/disable": "a code works once: tests/integration/identity",
    "/api/auth/totp/recovery-codes": "a code works once: tests/integration/identity",
    "/api/admin/invitations": "each makes a link, and the older is void",
    "/api/auth/invitations/accept": "a link works once: tests/integration/identity",
    "/api/admin/users/role": "the same role again changes nothing",
    "/api/admin/subscriptions": "a name is taken once: tests/integration/partners",
    "/api/admin/subscriptions/{subscription_id}": "what is removed is unknown",
    "/api/admin/subscriptions/{subscription_id}/secret": "each makes a secret",
    "/api/admin/subscriptions/{subscription_id}/replay": "a repeat replays again",
    "/api/admin/subscriptions/{subscription_id}/enable": "a repeat changes nothing",
    "/api/admin/subscriptions/{subscription_id}/disable": "a repeat changes nothing",
    "/api/auth/email": "each makes a link, and the older is void",
    "/api/auth/email/verification": "each makes a link, and the older is void",
    "/api/auth/email/verify": "a link works once: tests/integration/identity",
    "/api/auth/sessions": "it is a DELETE: tests/unit/http/test_sessions.py",
    "/api/auth/sessions/{session_id}": "it is a DELETE: tests/unit/http/test_sessions.py",
    "/api/me/passengers": "it has no key: tests/end_to_end/test_saved_passengers_over_http.py",
    "/api/me/passengers/{passenger_id}": (
        "a repeat has no effect: tests/end_to_end/test_saved_passengers_over_http.py"
    ),
    "/api/me/consents": "it has no key: tests/end_to_end/test_erasure_over_http.py",
    "/api/me/erasure": "it has no key: tests/end_to_end/test_erasure_over_http.py",
    "/api/auth/consents/{client_id}": (
        "it is a DELETE: tests/end_to_end/test_third_parties_over_http.py"
    ),
    "/api/admin/clients": "each registration has a secret of its own, which is not stored",
    "/api/admin/clients/{client_id}/secret": "each secret is a fresh one, which is not stored",
    "/api/admin/clients/{client_id}/disable": "a repeat is refused: it was final",
    "/api/flights/search": "it changes nothing",
    "/api/bookings/find": "it changes nothing",
    "/api/admin/bookings/find": "it changes nothing",
    "/api/bookings/{booking_id}/attach": (
        "an attached booking stays so: tests/end_to_end/test_guests_over_http.py"
    ),
    "/api/quotes": "it changes nothing",
    "/api/bookings/{booking_id}/cancellation-quote": "it changes nothing",
    "/api/bookings/{booking_id}/modification-quote": "it changes nothing",
    "/api/bookings/{booking_id}/extras-quote": "it changes nothing",
    "/api/bookings/{booking_id}/extra-refund-quote": "it changes nothing",
    **dict.fromkeys(
        [f"/api/bookings/{{booking_id}}/{each}-extras" for each in ("add", "abandon")],
        "in tests/end_to_end/test_extras_after_sale_over_http.py",
    ),
    "/api/bookings/{booking_id}/refund-extra": "in the same test",
    "/api/bookings/{booking_id}/credit/{use}": (
        "it is a DELETE: tests/end_to_end/test_pay_with_credit_over_http.py"
    ),
    "/api/webhooks/stripe": "the event's id is the key: tests/integration/stripe",
    "/api/admin/stripe-events/{event_id}/replay": "it has no key: only a parked event changes",
    "/api/admin/stripe-events/replay": "it has no key: only parked events change",
    "/api/bookings/{booking_id}/no-show": "the worker does the same, and the first of them counts",
    "/api/admin/flights/{flight_id}/depart": "what `end` does is refused for a departed flight",
    "/api/admin/bookings/{booking_id}/refunds/{refund_id}/resend": (
        "Stripe has to fail a refund first: tests/unit/application/test_resent_refunds.py"
    ),
    "/api/admin/bookings/{booking_id}/refunds/{refund_id}/bank-transfer": (
        "Stripe has to fail a refund first: tests/end_to_end/test_refunds.py"
    ),
    "/api/admin/disputes/{dispute_id}/evidence": (
        "a charge has to be disputed first: tests/end_to_end/test_disputes_over_http.py"
    ),
    "/api/admin/reconciliation/runs": (
        "another run over the same rows records nothing: tests/unit/reconciliation"
    ),
    "/api/admin/reconciliation/breaks/{day}/{break_id}/propose": (
        "the legs have to differ first: tests/unit/reconciliation"
    ),
    "/api/admin/reconciliation/breaks/{day}/{break_id}/decide": (
        "a remedy has to be proposed first: tests/unit/reconciliation"
    ),
    "/api/admin/external-refunds/{refund_id}/allocate": (
        "Stripe has to refund by hand first: tests/end_to_end/test_external_refunds_over_http.py"
    ),
    "/api/ledger/periods/{month}/close": ("a month is closed for all: tests/unit/period"),
    "/api/ledger/periods/{month}/ask-to-reopen": ("a month is closed for all: tests/unit/period"),
    "/api/ledger/periods/{month}/reopen": "a month is closed for all: tests/unit/period",
    "/api/admin/policies/{policy}/preview": "it changes nothing",
    "/api/admin/schedule": (
        "the same file again changes nothing: tests/end_to_end/test_schedule_over_http.py"
    ),
    "/api/admin/policies/{policy}/proposals": (
        "a policy is for all: tests/end_to_end/test_policies_over_http.py"
    ),
    "/api/admin/policies/{policy}/proposals/{number}/approve": (
        "a policy is for all: tests/end_to_end/test_policies_over_http.py"
    ),
    "/api/bookings/{booking_id}/tax-buyer": (
        "the same buyer again changes nothing: tests/unit/invoicing"
    ),
    "/api/admin/bookings/{booking_id}/tax-documents": (
        "it has no key: only documents that are missing are issued"
    ),
    "/api/bookings/{booking_id}/claims/{claim_id}/accept": (
        "a flight has to be disrupted first: tests/end_to_end/test_compensation_over_http.py"
    ),
    "/api/admin/claims/{claim_id}/bank-transfer": (
        "a claim has to be accepted first: tests/end_to_end/test_compensation_over_http.py"
    ),
    "/api/gift-cards/claim": (
        "a card has to be paid first: tests/end_to_end/test_gift_cards_over_http.py"
    ),
    "/api/gift-cards/{gift_card_id}/refund": (
        "a card has to be paid first: tests/end_to_end/test_gift_cards_over_http.py"
    ),
    "/api/gift-cards/{gift_card_id}/resend": (
        "a card has to be paid first: tests/end_to_end/test_gift_cards_over_http.py"
    ),
    "/api/admin/credits/{credit_id}/payout": (
        "a claim has to be taken as credit first: tests/end_to_end/test_credits_over_http.py"
    ),
    "/api/admin/credits/{credit_id}/payout/decline": (
        "a payout has to be proposed first: tests/end_to_end/test_credits_over_http.py"
    ),
    "/api/admin/credits/{credit_id}/payout/approve": (
        "a payout has to be proposed first: tests/end_to_end/test_credits_over_http.py"
    ),
    **dict.fromkeys(
        modes.SWITCHES,
        "it refuses the requests of other tests: tests/end_to_end/test_maintenance_over_http.py "
        "and test_payments_paused.py",
    ),
    "/api/admin/claims/{claim_id}/withdraw": (
        "a flight has to be disrupted first: tests/end_to_end/test_compensation_over_http.py"
    ),
    "/api/admin/payments/{payment_id}/parked-funds/{intent}/allocate": (
        "money has to be parked first: tests/end_to_end/test_settled_money_over_http.py"
    ),
    "/api/admin/payments/{payment_id}/parked-funds/{intent}/return": (
        "money has to be parked first: tests/end_to_end/test_payment_over_http.py"
    ),
}


async def test_every_write_of_the_document_is_repeated_or_has_a_reason_not_to_be(
    client: httpx.AsyncClient,
) -> None:
    document = (await client.get("/schema/openapi.json")).json()
    writes = {path for path, found in document["paths"].items() if set(found) - {"get"}}
    assert writes == CASES.keys() | NOT_TRIED.keys()
    assert not CASES.keys() & NOT_TRIED.keys()


@pytest.mark.parametrize("step", CASES.values(), ids=lambda step: step.__name__)
async def test_a_repeat_gets_the_first_answer_after_the_world_has_changed(
    system: System, client: httpx.AsyncClient, customer: Customer, step: Step
) -> None:
    flight = running_system.schedule(system, seats=20, leaves_in=running_system.TOMORROW)
    booking = (await customer.confirmed([flight]))["id"]
    staff = [await customers.staff(system, client, role) for role in ("support", "gate", "ops")]
    case = Case(system, customer, *staff, flight, booking)
    who, path, body = await step(case)
    key = secrets.token_hex(8)
    first = await who.call("POST", path, body, key=key)
    await case.end()
    headers = {**who.headers, "Idempotency-Key": key}
    again = await client.post(path, json=body, headers=headers)
    assert again.is_success, again.text
    assert again.headers["idempotency-replayed"] == "true"
    before, after = (
        {name: as_then(value) for name, value in each.items() if name not in OF_THE_PRESENT}
        for each in (first, again.json())
    )
    assert after == before
    other = {**(body or {}), "idempotencyKey": key, "extra": "member"}
    assert (await client.post(path, json=other, headers=headers)).status_code == 400
