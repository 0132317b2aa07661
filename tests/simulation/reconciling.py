"""Reconciles the crowd: daily while all faults are on, and all its days at the end."""

import datetime as dt
import random
from typing import get_args

from application.reconciliation.import_bank_lines import import_bank_lines
from application.reconciliation.read_reconciliation import read_breaks
from application.reconciliation.run_reconciliation import DAILY_DAYS, run_reconciliation
from domain.kernel.entries import accounting_day
from domain.reconciliation.breaks import Break, BreakClass
from tests.simulation.airline_process import AWAY, AirlineProcess
from tests.simulation.break_seeds import Difference, amounts_of, class_of
from tests.simulation.seeded_breaks import Seeder
from tests.support.airline import START

DAY = dt.timedelta(days=1)
# A run of the end takes so many days at once, so that much lies at the margin of a run.
RUN_DAYS = (5, 30)


class Reconciling:
    """Runs, imports, and compares what was found with what was seeded."""

    def __init__(self, seeder: Seeder, dice: random.Random) -> None:
        self._seeder = seeder
        self._dice = dice

    async def end_day(self, airline: AirlineProcess) -> None:
        """Import the bank's statement, and run over the days before today."""
        now = airline.world.clock()
        yesterday = accounting_day(now) - DAY
        since = yesterday - DAY * (DAILY_DAYS - 1)
        await self._import(airline, yesterday)
        try:
            results = await run_reconciliation(
                airline.reconciliation_ports(), since=since, until=yesterday
            )
        except AWAY:
            self._seeder.figures["run failed"] += 1
            return
        self._seeder.drop_found_out()
        found = {each.id for result in results for each in result.breaks}
        for id, each in self._seeder.seeds.expected.items():
            if since <= each.day <= yesterday and now > self._seeder.seeds.due_at[id]:
                assert id in found, each

    async def check_all_classes(self, airline: AirlineProcess) -> None:
        """As `check`, where a break of each class is open."""
        await self.check(airline)
        found = await self._found(airline, accounting_day(airline.world.clock()))
        assert {class_of(each.id) for each in found} == set(get_args(BreakClass))

    async def check(self, airline: AirlineProcess) -> None:
        """Run over all days, and compare what is open then: the same, and nothing else.

        The same runs again record nothing, and runs over other days find the same.
        """
        today = accounting_day(airline.world.clock())
        await self._import(airline, today, hurried=True)
        self._seeder.drop_found_out()
        expected = self._seeder.differences(today)
        for _ in range(2):
            borders = self._borders(today)
            await self._run(airline, borders)
            found = await self._found(airline, today)
            assert found == expected, (
                f"invented {sorted(found - expected)}, missed {sorted(expected - found)}"
            )
            known = len(airline.world.log.events)
            await self._run(airline, borders)
            assert len(airline.world.log.events) == known, "the same run found something else"

    async def _import(
        self, airline: AirlineProcess, until: dt.date, *, hurried: bool = False
    ) -> None:
        file = self._seeder.payouts.bank.statement(until, hurried=hurried)
        if file is not None:
            await import_bank_lines(airline.reconciliation_ports(), file, actor="operator")

    def _borders(self, today: dt.date) -> list[tuple[dt.date, dt.date]]:
        """Return first and last day of runs of random length, which together reach until today."""
        borders, since = [], accounting_day(START)
        while since <= today:
            until = min(since + DAY * self._dice.randint(*RUN_DAYS), today)
            borders.append((since, until))
            since = until + DAY
        return borders

    async def _run(self, airline: AirlineProcess, borders: list[tuple[dt.date, dt.date]]) -> None:
        for since, until in borders:
            await run_reconciliation(airline.reconciliation_ports(), since=since, until=until)

    async def _found(self, airline: AirlineProcess, today: dt.date) -> set[Difference]:
        open_breaks = await read_breaks(airline.reconciliation_ports(), until=today)
        return {
            Difference(each.break_.found.id, each.day, _differences(each.break_.found))
            for each in open_breaks
        }


def _differences(found: Break) -> tuple[tuple[str, int], ...]:
    evidence = found.evidence
    return amounts_of(
        *((amount, 1) for amount in evidence.booked), *((amount, -1) for amount in evidence.listed)
    )
