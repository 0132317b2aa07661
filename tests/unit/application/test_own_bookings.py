"""Staff decide about the money of others, whatever their role, and never about their own."""

from collections.abc import Awaitable, Callable

import pytest
from msgspec.structs import replace

from application.booking.cancel_booking import Part, quote_cancellation
from application.booking.grant_refund import grant_refund
from application.booking.quote_modification import WantedModification, quote_modification
from application.booking.record_bank_transfer import BankTransfer, record_bank_transfer
from application.caller import Caller
from application.compensation.pay_claim import pay_claim
from domain.compensation.rejections import ClaimNotFound
from domain.identity.rejections import NotAllowed
from domain.payment.rejections import PaymentNotFound
from tests.support.airline import payment_of
from tests.support.memory_use_cases import CUSTOMER, MemoryUseCases


class Case:
    """A ticketed booking, and another flight."""

    def __init__(self, cases: MemoryUseCases, booking: str, other: str) -> None:
        self.cases, self.ports = cases, cases.ports
        self.booking, self.other = booking, other
        self.transfer = BankTransfer("FT26330-0070", cases.airline.clock().date())

    async def waived_cancellation(self, caller: Caller) -> object:
        return await quote_cancellation(
            self.ports, caller.principal, self.booking, part=Part(), waiver="a mistake of ours"
        )

    async def waived_modification(self, caller: Caller) -> object:
        wanted = WantedModification(
            segment=0, flight_id=self.other, cabin=None, fare_class=None, waiver="a mistake of ours"
        )
        return await quote_modification(self.ports, caller.principal, self.booking, wanted)

    async def granted_refund(self, caller: Caller) -> object:
        return await grant_refund(self.ports, caller, self.booking, reason="upheld", amount=None)

    async def paid_claim(self, caller: Caller) -> object:
        segment = self.cases.airline.booking(self.booking).segments[0]
        claim = f"{self.booking.replace('booking', 'claim')}-{segment.flight.partition('-')[2]}"
        with pytest.raises(ClaimNotFound):
            await pay_claim(self.ports, caller, claim, self.transfer)
        return True

    async def bank_transfer(self, caller: Caller) -> object:
        refund = f"{payment_of(self.booking)}-r1"
        with pytest.raises(PaymentNotFound):
            await record_bank_transfer(self.ports, caller, self.booking, refund, self.transfer)
        return True


@pytest.mark.parametrize(
    "decide",
    [
        Case.waived_cancellation,
        Case.waived_modification,
        Case.paid_claim,
        Case.bank_transfer,
        Case.granted_refund,
    ],
)
async def test_nobody_decides_about_money_of_a_booking_of_their_own(
    decide: Callable[[Case, Caller], Awaitable[object]],
) -> None:
    cases = MemoryUseCases()
    booking = await cases.ticketed(cases.airline.schedule())
    case = Case(cases, booking, cases.airline.schedule("SV9", fare=90_000))
    caller = cases.caller("admin")
    own = replace(caller, principal=replace(caller.principal, user=CUSTOMER.user))
    before = len(cases.airline.log.events)
    with pytest.raises(NotAllowed):
        await decide(case, own)
    assert len(cases.airline.log.events) == before
    assert await decide(case, cases.caller("admin"))
