"""`ais check` finds a number that two tickets have."""

import asyncio
import itertools

import pytest

from interfaces.cli import check as check_command
from tests.integration.projections.airline import Airline


async def test_a_ticket_number_that_was_given_out_twice_is_named(
    airline: Airline, capsys: pytest.CaptureFixture[str]
) -> None:
    await airline.schedule()
    first = await airline.sell()
    await airline.catch_up()
    assert await asyncio.to_thread(check_command.check, dsn=airline.projector_dsn) == 0
    assert "document numbers: 0 given out twice" in capsys.readouterr().out
    [ticket] = (await airline.booking(first)).tickets
    airline._serials = itertools.count(int(ticket.number[3:]))
    second = await airline.sell()
    await airline.catch_up()
    assert await asyncio.to_thread(check_command.check, dsn=airline.projector_dsn) == 1
    shown = capsys.readouterr().out
    assert f"{ticket.number} was given out again to {second}" in shown
    assert "document numbers: 1 given out twice" in shown
