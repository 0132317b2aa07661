"""What Stripe settles: balance transactions with their sources, payouts, the balance."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from application.settlement import gateway
from domain.kernel import money
from infrastructure.stripe import settlement_objects as objects
from infrastructure.stripe.calls import Endpoint, StripeCalls

PAGE_SIZE = 100

LIST_TRANSACTIONS = Endpoint("get", "/v1/balance_transactions", objects.BalanceTransactions)
READ_TRANSACTION = Endpoint("get", "/v1/balance_transactions/{id}", objects.BalanceTransaction)
READ_PAYOUT = Endpoint("get", "/v1/payouts/{id}", objects.Payout)
READ_BALANCE = Endpoint("get", "/v1/balance", objects.Balance)


class StripeSettlementGateway:
    """Implements SettlementGateway over the calls of the payment gateway: one pace for both."""

    def __init__(self, calls: StripeCalls) -> None:
        self._calls = calls

    async def list_transactions(
        self,
        *,
        created_since: dt.datetime | None = None,
        created_before: dt.datetime | None = None,
        payout: str | None = None,
        source: str | None = None,
        kind: str | None = None,
        after: str | None = None,
    ) -> gateway.TransactionPage:
        """See SettlementGateway."""
        params: dict[str, Any] = {"limit": PAGE_SIZE, "expand": ["data.source"]}
        created = {
            name: int(instant.timestamp())
            for name, instant in (("gte", created_since), ("lt", created_before))
            if instant is not None
        }
        if created:
            params["created"] = created
        wanted = {"payout": payout, "source": source, "type": kind, "starting_after": after}
        params |= {name: value for name, value in wanted.items() if value is not None}
        page = (await self._calls.send(LIST_TRANSACTIONS, params=params)).content
        listed = [objects.listed_transaction(each) for each in page.data]
        return gateway.TransactionPage(listed, page.has_more)

    async def transaction(self, transaction: str) -> gateway.ListedTransaction:
        """See SettlementGateway."""
        answer = await self._calls.send(
            READ_TRANSACTION, transaction, params={"expand": ["source"]}
        )
        return objects.listed_transaction(answer.content)

    async def payout(self, payout: str) -> gateway.ProviderPayout:
        """See SettlementGateway."""
        return objects.provider_payout((await self._calls.send(READ_PAYOUT, payout)).content)

    async def balance(self) -> Sequence[money.Money]:
        """See SettlementGateway."""
        return objects.balances((await self._calls.send(READ_BALANCE)).content)
