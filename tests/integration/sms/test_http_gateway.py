"""Text messages are handed to a real gateway, over TLS with a certificate that is checked."""

import ssl
from collections.abc import AsyncIterator

import pytest
import trustme

from application import ports
from application.text_messages import TextMessage, TextRefused
from infrastructure.sms.http_gateway import HttpTextGateway
from tests.support.ports import free_port
from tests.support.text_gateway import TextGateway, running_gateway

MESSAGE = TextMessage(
    id="sms-disruption-ABC234-0-cancelled-20261224T0830",
    to="+966500000000",
    text="ألغيت رحلتك ZZ101",
    kind="disruption",
    language="ar",
)
# One that does not answer is waited for this long; one that answers has all the time it needs.
SHORT_SECONDS = 0.3


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
async def gateway(authority: trustme.CA) -> AsyncIterator[TextGateway]:
    """A gateway with a certificate for its address."""
    certificates = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(certificates)
    async with running_gateway(certificates=certificates) as running:
        yield running


@pytest.fixture
def trusted(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def messenger(url: str, tls: ssl.SSLContext | None, *, seconds: float = 30.0) -> HttpTextGateway:
    return HttpTextGateway(url, token="t0ken", sender="Rimal Air", tls=tls, timeout_seconds=seconds)


async def test_a_message_is_posted_with_token_and_key(
    gateway: TextGateway, trusted: ssl.SSLContext
) -> None:
    await messenger(gateway.url, trusted).send(MESSAGE)
    assert gateway.taken == {
        MESSAGE.id: {
            "id": MESSAGE.id,
            "from": "Rimal Air",
            "to": MESSAGE.to,
            "text": MESSAGE.text,
        }
    }
    (request,) = gateway.requests
    assert request["first"] == "POST /messages HTTP/1.1"
    assert request["authorization"] == "Bearer t0ken"
    assert request["content-type"] == "application/json"


@pytest.mark.parametrize("status", [200, 201, 204, 409])
async def test_what_the_gateway_has_is_sent(
    gateway: TextGateway, trusted: ssl.SSLContext, status: int
) -> None:
    gateway.behaviour = [status]
    await messenger(gateway.url, trusted).send(MESSAGE)


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_a_refusal_differs_from_an_outage(
    gateway: TextGateway, trusted: ssl.SSLContext, status: int
) -> None:
    gateway.behaviour = [status]
    with pytest.raises(TextRefused) as refused:
        await messenger(gateway.url, trusted).send(MESSAGE)
    assert refused.value.status == status


@pytest.mark.parametrize(
    "behaviour", [500, 502, 503, 429, 408, 401, 403, 404, 405, 410, "reset", "elsewhere", 302]
)
async def test_an_outage_is_one_also_where_only_an_operator_can_end_it(
    gateway: TextGateway, trusted: ssl.SSLContext, behaviour: int | str
) -> None:
    gateway.behaviour = [behaviour]
    with pytest.raises(ports.Unavailable) as outage:
        await messenger(gateway.url, trusted).send(MESSAGE)
    assert MESSAGE.to not in str(outage.value)
    assert len(gateway.requests) == 1, "a redirect is not followed"


async def test_after_a_timeout_the_same_key_comes_again_and_the_message_is_there_once(
    gateway: TextGateway, trusted: ssl.SSLContext
) -> None:
    gateway.behaviour = ["late"]
    with pytest.raises(ports.Unavailable):
        await messenger(gateway.url, trusted, seconds=SHORT_SECONDS).send(MESSAGE)
    gateway.behaviour = []
    await messenger(gateway.url, trusted).send(MESSAGE)
    assert len(gateway.taken) == 1
    assert {each["idempotency-key"] for each in gateway.requests} == {MESSAGE.id}


async def test_no_message_goes_to_a_server_that_is_not_trusted_or_not_there(
    gateway: TextGateway,
) -> None:
    for url in (gateway.url, f"https://127.0.0.1:{free_port()}/"):
        with pytest.raises(ports.Unavailable):
            await messenger(url, ssl.create_default_context()).send(MESSAGE)
    assert gateway.requests == []
