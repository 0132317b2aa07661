"""Each carrier of a web tier is found by its host; the tier itself answers for health alone."""

import json
from typing import Any

import pytest

from interfaces.http.carriers import CarrierRouter, create_tier
from tests.support.http_client import Edge


class Tier:
    """Two carriers over memory behind one router."""

    def __init__(self) -> None:
        self.yy, self.zz = Edge(), Edge()
        apps = {"YY": self.yy.app, "ZZ": self.zz.app}
        hosts = {"yy.example": self.yy.app, "zz.example": self.zz.app}
        self.router = CarrierRouter(hosts, create_tier(apps))

    async def ask(
        self,
        host: str | None,
        path: str,
        headers: dict[str, str] | None = None,
        method: str = "GET",
    ) -> tuple[int, dict[str, Any]]:
        """The status and body of an answer."""
        sent = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
        if host is not None:
            sent.append((b"host", host.encode()))
        edge = Edge()
        edge.app = self.router  # type: ignore[assignment]  # it is asked as an application is
        status, _, body = await edge.exchange(method, path, sent, [b""])
        return status, json.loads(body)


@pytest.fixture
def tier() -> Tier:
    """Two carriers that are up."""
    return Tier()


async def test_a_token_of_one_carrier_is_refused_by_the_other(tier: Tier) -> None:
    token = tier.yy.bearer("finance", second_factor=True)
    asked = ("/probe/x/ledger", token, "POST")
    assert (await tier.ask("yy.example", *asked))[0] == 201
    status, body = await tier.ask("zz.example", *asked)
    assert (status, body["code"]) == (401, "UNAUTHORIZED")


@pytest.mark.parametrize("host", ["YY.example", "yy.example"])
async def test_a_host_is_found_in_any_case(tier: Tier, host: str) -> None:
    assert (await tier.ask(host, "/counted"))[0] == 200


@pytest.mark.parametrize("host", ["xx.example", "yy.example.", "yy.example:81", "", None])
async def test_an_unknown_host_is_no_carrier(tier: Tier, host: str | None) -> None:
    status, body = await tier.ask(host, "/api/flights/search")
    assert (status, body["code"]) == (404, "NOT_FOUND")
    assert body["details"] == {"field": "host", "reason": "unknown_carrier"}
    assert body["message"] == "No airline is at this address. Check its host name."
    assert body["correlationId"]


async def test_health_of_the_tier_shows_each_carrier(tier: Tier) -> None:
    tier.yy.ready["projection"] = "stopped"
    status, body = await tier.ask("10.0.0.7", "/health/ready")
    assert (status, body["status"]) == (200, "degraded")
    assert body["components"] == {"database": "up", "YY": "degraded", "ZZ": "up"}
    tier.yy.ready["database"] = "down"
    status, body = await tier.ask("10.0.0.7", "/health/ready")
    assert status == 200
    assert body["components"] == {"database": "up", "YY": "down", "ZZ": "up"}
    assert (await tier.ask("yy.example", "/health/ready"))[0] == 503
    assert (await tier.ask("zz.example", "/health/ready"))[0] == 200
    tier.zz.ready["database"] = "down"
    status, body = await tier.ask("10.0.0.7", "/health/ready")
    assert status == 503
    assert body["details"] == {"database": "down", "YY": "down", "ZZ": "down"}
    assert (await tier.ask("10.0.0.7", "/health/live"))[0] == 200
