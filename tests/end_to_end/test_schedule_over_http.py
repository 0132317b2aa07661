"""Operations load a schedule over HTTP, in parts, and read back what is on sale."""

import asyncio
import datetime as dt
import json
from typing import Any

import httpx

from infrastructure.schedule_files.schedule_file import read_season, write_season
from interfaces.http import schedule as routes
from tests.support import customers, season_files, stored_log
from tests.support.customers import Customer
from tests.support.running_system import System

PATH = "/api/admin/schedule"
NUMBERS, EACH = 24, 50
FLEET = json.loads(season_files.fleet_file())


def body(text: str, **more: Any) -> dict[str, Any]:
    return {"lines": text.splitlines(), "fleet": FLEET, **more}


async def imported(user: Customer, text: str, **more: Any) -> dict[str, Any]:
    """Send it until nothing remains; the last report, with what all of them did."""
    done = 0
    while True:
        report = await user.post(PATH, body(text, **more))
        assert report["errors"] == report["refused"] == []
        done += report["done"]
        if not report["remaining"] or report["dryRun"]:
            return {**report, "done": done}


def days_from_now(days: int) -> dt.date:
    return dt.datetime.now(dt.UTC).date() + dt.timedelta(days=days)


async def test_a_schedule_is_loaded_in_parts_and_written_again(
    system: System, client: httpx.AsyncClient
) -> None:
    operations = await customers.staff(system, client, "ops")
    season = season_files.season_of(
        numbers=NUMBERS, each=EACH, first_day=days_from_now(200), number_from=5_000
    )
    text = write_season(season, "ssim")
    planned = await imported(operations, text, dryRun=True)
    count = NUMBERS * EACH
    assert count > routes.CHANGES_AT_A_TIME
    assert (planned["counts"]["new"], planned["done"]) == (count, 0)
    first = await operations.post(PATH, body(text))
    assert (first["done"], first["remaining"]) == (
        routes.CHANGES_AT_A_TIME,
        count - routes.CHANGES_AT_A_TIME,
    )
    await imported(operations, text)
    await asyncio.to_thread(stored_log.assert_read_models_follow, system.owner_dsn)
    again = await imported(operations, text)
    assert (again["counts"]["unchanged"], again["done"]) == (count, 0)

    days = {"from": season.first_day.isoformat(), "to": season.last_day.isoformat()}
    for form, media_type in (("ssim", "text/plain"), ("csv", "text/csv")):
        written = await client.get(PATH, params={**days, "form": form}, headers=operations.headers)
        assert written.status_code == 200, written.text
        assert written.headers["content-type"].startswith(media_type)
        found = read_season(written.text).season
        assert found is not None
        ours = {leg.number for leg in season.legs}
        assert [leg for leg in found.legs if leg.number in ours] == list(season.legs)


async def test_only_operations_load_a_schedule_and_no_file_with_errors(
    system: System, client: httpx.AsyncClient, customer: Customer
) -> None:
    season = season_files.season_of(numbers=1, each=2, first_day=days_from_now(200))
    text = write_season(season, "csv")
    finance = await customers.staff(system, client, "finance")
    for user in (customer, finance):
        refused = await client.post(PATH, json=body(text), headers=user.headers)
        assert refused.status_code == 403
        read = await client.get(
            PATH, params={"from": "2027-01-01", "to": "2027-01-02"}, headers=user.headers
        )
        assert read.status_code == 403
    operations = await customers.staff(system, client, "ops")
    report = await operations.post(PATH, body(text.replace("RUH", "XXQ", 1)))
    assert report["errors"] == [{"line": 2, "field": "from", "reason": "airport_not_served"}]
    assert (report["done"], report["counts"]["new"]) == (0, 0)
    none = await client.get(
        PATH, params={"from": "2001-01-01", "to": "2001-01-02"}, headers=operations.headers
    )
    assert none.status_code == 404
    large = body(text)
    large["lines"] = ["x" * 400] * 4_000
    refused = await client.post(PATH, json=large, headers=operations.headers)
    assert refused.status_code == 413
