"""Answers with only the members that the client asks for, over HTTP."""

import httpx
import pytest

from tests.support import customers, running_system
from tests.support.customers import Customer, Refused
from tests.support.running_system import System


async def test_a_booking_and_the_list_have_only_what_was_asked_for(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    booking = await customer.reserved([running_system.schedule(system, seats=4)])
    path = f"/api/bookings/{booking['id']}"
    whole = await customer.booking(booking["id"])
    few = await customer.call("GET", f"{path}?fields=status,id,holdUntil")
    assert few == {name: whole[name] for name in ("id", "status", "holdUntil")}
    every = await customer.call("GET", f"{path}?fields={','.join(whole)}")
    assert every == whole
    page = await customers.listed(system, customer, "/api/bookings?fields=reference")
    assert page["bookings"] == [{"reference": booking["reference"]}]
    assert {"nextCursor", "asOfPosition", "lagSeconds"} < set(page)
    for sparse in (f"{path}?fields=status", "/api/bookings?fields=id"):
        first = await client.get(sparse, headers=customer.headers)
        known = {**customer.headers, "If-None-Match": first.headers["etag"]}
        assert (await client.get(sparse, headers=known)).status_code == 304
        # The same members of another answer, and other members, have another tag.
        other = await client.get(sparse + ",flightId", headers=known)
        assert other.status_code == 200


@pytest.mark.parametrize("fields", ["", "id,", "owner", "id,password", "id status", "x" * 600])
async def test_a_member_that_the_answer_does_not_have_is_refused(
    system: System, customer: Customer, fields: str
) -> None:
    booking = await customer.reserved([running_system.schedule(system, seats=4)])
    for path in (f"/api/bookings/{booking['id']}", "/api/bookings"):
        with pytest.raises(Refused) as refused:
            await customer.call("GET", f"{path}?fields={fields}")
        assert (refused.value.status, refused.value.body["details"]["field"]) == (400, "fields")
