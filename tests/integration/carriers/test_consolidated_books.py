"""Finance adds up the exports of three airlines, each from its own primary."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import httpx

from tests.architecture import tree
from tests.integration.docs import reader
from tests.integration.docs.running_demo import ROOT
from tests.support import customers, stored_log, three_carriers
from tests.support.three_carriers import Tier

HOW_TO = ROOT / "docs" / "how-to" / "consolidate-airlines.md"


async def _sell_at_each(tier: Tier) -> None:
    for carrier in tier.carriers.values():
        async with httpx.AsyncClient(verify=False, base_url=carrier.base_url, timeout=30) as client:
            await three_carriers.ticketed(carrier, await customers.register(client))


async def test_the_how_to_adds_the_books_of_three_airlines_up(tier: Tier, tmp_path: Path) -> None:
    await _sell_at_each(tier)
    async with AsyncExitStack() as stack:
        for name in tier.carriers:
            stack.enter_context(tier.process("projector", AIS_CARRIER=name))
        for carrier in tier.carriers.values():
            await asyncio.to_thread(stored_log.assert_read_models_follow, carrier.owner_dsn)
    for name in (".venv", "docs", *tree.LAYERS):
        (tmp_path / name).symlink_to(ROOT / name)
    environment = {
        "AIS_CARRIERS": tier.environment["AIS_CARRIERS"],
        "DEMO_DATABASE": tier.carriers["XX"].owner_dsn,
    }
    parts = await asyncio.to_thread(reader.follow, HOW_TO, folder=tmp_path, environment=environment)
    assert sum(bool(part.expected) for part in parts) >= 5
