"""Deliveries reach public addresses only, over TLS, and connect to what was checked."""

import asyncio
import datetime as dt
import socket
import ssl
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from application.partners.ports import DeliveryFailed
from domain.partners import signature
from infrastructure.partners import sender as senders
from infrastructure.partners.guarded_resolver import Lookup
from infrastructure.partners.sender import HttpDeliverySender
from tests.support.partner_server import PartnerServer, running_partner

BODY = b'{"id":"dlv_1","after":0,"position":0,"events":[]}'
SECRET = b"s" * 32


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def certificate(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Contexts of a server with a certificate for the name, and of a client that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    chain = folder / f"{name}.pem"
    chain.write_bytes(private + made.public_bytes(pem))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(chain)
    return server, ssl.create_default_context(cadata=made.public_bytes(pem).decode())


def found(*addresses: str) -> Lookup:
    """A resolver that finds these addresses for any name."""

    def look_up(_host: str, port: int) -> list[Any]:
        return [
            (
                socket.AF_INET6 if ":" in each else socket.AF_INET,
                *(socket.SOCK_STREAM, 6, ""),
                (each, port, 0, 0) if ":" in each else (each, port),
            )
            for each in addresses
        ]

    return look_up


async def send(sender: HttpDeliverySender, url: str) -> str:
    """Send a delivery; return the reason of its failure, or `taken`."""
    headers = signature.headers("dlv_1", BODY, [SECRET], at=dt.datetime.now(dt.UTC))
    try:
        await sender.send(url, BODY, headers)
    except DeliveryFailed as failure:
        return str(failure)
    finally:
        await sender.close()
    return "taken"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120),
        (" 0 ", 0),
        ("Fri, 27 Nov 2026 09:02:00 GMT", 120),
        ("Fri, 27 Nov 2026 08:00:00 GMT", 0),
        ("Friday, 27-Nov-26 09:02:00 GMT", 120),
        ("Fri Nov 27 09:02:00 2026", 120),
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("٥", None),
        ("9" * 400, 999_999_999),
        ("Fri, 99 Nov 99999 09:02:00 GMT", None),
    ],
)
def test_the_pause_that_a_partner_asks_for_is_read_in_both_forms(
    text: str | None, seconds: int | None
) -> None:
    at = dt.datetime(2026, 11, 27, 9, 0, tzinfo=dt.UTC)
    found = senders.asked_pause(text, now=at)
    assert found == (None if seconds is None else dt.timedelta(seconds=seconds))


@pytest.fixture
async def partner(tmp_path: Path) -> AsyncIterator[tuple[PartnerServer, ssl.SSLContext]]:
    server, client = certificate(tmp_path, "partner.example")
    async with running_partner(certificates=server) as running:
        running.secrets = [signature.shown(SECRET)]
        yield running, client


async def test_a_delivery_arrives_over_tls_at_the_address_that_was_looked_up(
    partner: tuple[PartnerServer, ssl.SSLContext],
) -> None:
    server, trusted = partner
    lookups: list[str] = []

    def look_up(host: str, port: int) -> list[Any]:
        lookups.append(host)
        # Asked again, as by a client that checks and then connects, the name leads elsewhere.
        return found("127.0.0.1" if len(lookups) == 1 else "192.0.2.1")(host, port)

    sender = HttpDeliverySender(loopback=True, clock=now, lookup=look_up, certificates=trusted)
    assert await send(sender, server.url) == "taken"
    assert lookups == ["partner.example"]
    assert server.requests[0]["host"].startswith("partner.example:")


async def test_without_the_setting_no_name_leads_to_this_machine(
    partner: tuple[PartnerServer, ssl.SSLContext],
) -> None:
    server, trusted = partner
    sender = HttpDeliverySender(
        loopback=False, clock=now, lookup=found("127.0.0.1"), certificates=trusted
    )
    assert await send(sender, server.url) == "address refused: private_address"
    assert server.requests == []


@pytest.mark.parametrize(
    "address",
    ["10.0.0.1", "169.254.169.254", "::ffff:169.254.169.254", "fe80::1%eth0", "224.0.0.1", "::"],
)
async def test_a_name_with_one_address_inside_our_network_is_refused_whole(address: str) -> None:
    for addresses in ((address,), ("8.8.8.8", address)):
        sender = HttpDeliverySender(loopback=True, clock=now, lookup=found(*addresses))
        assert await send(sender, "https://partner.example/") == "address refused: private_address"


@pytest.mark.parametrize(
    "url", ["https://10.0.0.1/", "https://[::ffff:7f00:1]/", "http://127.0.0.1:9/"]
)
async def test_an_address_in_the_url_is_checked_where_no_name_is_looked_up(url: str) -> None:
    sender = HttpDeliverySender(loopback=False, clock=now)
    assert (await send(sender, url)).startswith("address refused: ")


async def test_the_name_of_this_machine_is_refused_by_what_it_leads_to() -> None:
    sender = HttpDeliverySender(loopback=False, clock=now)
    assert await send(sender, "https://localhost:9/") == "address refused: private_address"


async def test_a_certificate_for_another_name_or_of_nobody_known_is_refused(
    tmp_path: Path, partner: tuple[PartnerServer, ssl.SSLContext]
) -> None:
    server, _ = partner
    _, other = certificate(tmp_path, "other.example")
    for trusted in (other, None):
        sender = HttpDeliverySender(
            loopback=True, clock=now, lookup=found("127.0.0.1"), certificates=trusted
        )
        assert await send(sender, server.url) == "certificate refused"
    mine, client = certificate(tmp_path, "elsewhere.example")
    async with running_partner(certificates=mine) as elsewhere:
        sender = HttpDeliverySender(
            loopback=True, clock=now, lookup=found("127.0.0.1"), certificates=client
        )
        assert await send(sender, elsewhere.url) == "certificate refused"
        assert elsewhere.requests == []


async def test_a_slow_name_server_is_waited_for_as_long_as_a_delivery_may_take() -> None:
    answers = threading.Event()

    def slow(_host: str, _port: int) -> list[Any]:
        answers.wait(60)
        return []

    sender = HttpDeliverySender(loopback=True, clock=now, seconds=0.2, lookup=slow)
    try:
        assert await send(sender, "https://partner.example/") == "timed out"
    finally:
        answers.set()
    assert senders.SEND_SECONDS == 10


async def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = asyncio.Event()

    async def proxy(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        writer.close()

    listening = await asyncio.start_server(proxy, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
    async with running_partner() as running:
        running.secrets = [signature.shown(SECRET)]
        sender = HttpDeliverySender(loopback=True, clock=now)
        assert await send(sender, running.url) == "taken"
    listening.close()
    assert not asked.is_set()
