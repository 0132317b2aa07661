"""Where nothing is delivered, how deliveries are signed, when failures are repeated."""

import datetime as dt
import ipaddress
from urllib.parse import urlsplit

import pytest
import standardwebhooks
import yarl
from aiohttp.helpers import is_ip_address
from hypothesis import example, given
from hypothesis import strategies as st

from domain.partners import addresses, retries, signature
from domain.partners.rejections import UrlRefused

NOW = dt.datetime(2026, 11, 27, 9, 0, tzinfo=dt.UTC)
PUBLIC = ("8.8.8.8", "2606:4700::1", "::ffff:8.8.8.8", "64:ff9b::808:808")
INSIDE = (
    *("10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "169.254.169.254", "0.0.0.0"),
    *("255.255.255.255", "224.0.0.1", "239.1.1.1", "240.0.0.1", "192.0.0.1", "198.18.0.1"),
    *("192.0.2.1", "203.0.113.1"),
    *("::", "fe80::1", "fc00::1", "fd12::1", "fec0::1", "ff02::1", "ff0e::1", "2001:db8::1"),
    *("::ffff:10.0.0.1", "::ffff:169.254.169.254", "::10.0.0.1", "64:ff9b::a00:1"),
    *("64:ff9b:1::1", "2002:a00:1::", "2001:0:1::1", "3fff::1", "100::1", "4000::1"),
)
LOOPBACK = ("127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1")


@pytest.mark.parametrize("text", [*INSIDE, *LOOPBACK])
def test_nothing_is_delivered_inside_our_network_however_the_address_is_written(text: str) -> None:
    address = ipaddress.ip_address(text)
    assert not addresses.may_be_reached(address, loopback=False)
    assert addresses.may_be_reached(address, loopback=True) == (text in LOOPBACK)
    host = f"[{text}]" if ":" in text else text
    with pytest.raises(UrlRefused) as refused:
        addresses.require_deliverable(f"https://{host}/x", loopback=False)
    assert refused.value.parameters == {"field": "url", "reason": "private_address"}


@pytest.mark.parametrize("text", PUBLIC)
def test_a_public_address_is_delivered_to(text: str) -> None:
    assert addresses.may_be_reached(ipaddress.ip_address(text), loopback=False)


@given(st.ip_addresses(v=4))
def test_an_address_is_judged_alike_in_each_way_to_write_it(address: ipaddress.IPv4Address) -> None:
    direct = addresses.may_be_reached(address, loopback=False)
    for prefix in (0xFFFF << 32, int(ipaddress.IPv6Address("64:ff9b::"))):
        written = ipaddress.IPv6Address(prefix | int(address))
        assert addresses.may_be_reached(written, loopback=False) == direct


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://partner.example/", "not_https"),
        ("http://127.0.0.1/", "not_https"),
        ("ftp://partner.example/", "not_https"),
        ("file:///etc/passwd", "malformed"),
        ("https://", "malformed"),
        ("https:///x", "malformed"),
        ("partner.example/x", "malformed"),
        ("HTTPS://partner.example/x", "malformed"),
        ("https://partner.example:99999/", "malformed"),
        ("https://[::1/", "malformed"),
        ("https://partner.example/\r\nx: y", "malformed"),
        ("https://partner.example/a b", "malformed"),
        ("https://partner.example\\@10.0.0.1/", "malformed"),
        ("https://pärtner.example/", "malformed"),
        ("https://partner.example/" + "x" * 500, "malformed"),
        ("https://2130706433/", "malformed"),
        ("https://0x7f.1/", "malformed"),
        ("https://0177.0.0.1/", "malformed"),
        ("https://127.1/", "malformed"),
        ("https://127.0.0.1./", "malformed"),
        # aiohttp takes digits and dots for an address, and asks no resolver about them.
        ("https://127.0.0.1../", "malformed"),
        ("https://127..0.0.1/", "malformed"),
        ("https://127.0.0.%31/", "malformed"),
        ("https://%6c%6f%63%61%6c%68%6f%73%74/", "malformed"),
        ("https://127.0.0.1%20/", "malformed"),
        ("https://partner.example%00.org/", "malformed"),
        ("https://[2606:4700::1]127.0.0.1/", "malformed"),
        ("https://partner.example;x/", "malformed"),
        ("https://partner.example:0/", "malformed"),
        ("https://partner.example:/", "malformed"),
        ("https://partner.example:0443/", "malformed"),
        ("https://partner.example./", "malformed"),
        ("https://.partner.example/", "malformed"),
        (f"https://{'x' * 64}.example/", "malformed"),
        (f"https://{'x.' * 127}example/", "malformed"),
        ("https://[fe80::1%25eth0]/", "malformed"),
        ("https://[::1%25lo]:8443/", "malformed"),
        ("https://user:word@partner.example/", "with_credentials"),
        ("https://partner.example@10.0.0.1/", "with_credentials"),
        ("https://partner.example/#x", "with_fragment"),
        ("https://10.0.0.1:8443/x", "private_address"),
    ],
)
def test_a_url_of_another_form_is_refused_with_its_reason(url: str, reason: str) -> None:
    with pytest.raises(UrlRefused) as refused:
        addresses.require_deliverable(url, loopback=False)
    assert refused.value.parameters == {"field": "url", "reason": reason}


HOSTS = st.text(st.sampled_from("0123456789abfxABFX.:%[]-_~;,@ /?#"), min_size=1, max_size=24)


@given(HOSTS | st.ip_addresses().map(str))
@example("127.0.0.1..").via("what aiohttp takes for an address")
@example("[2606:4700::1]127.0.0.1").via("two hosts in one")
def test_what_the_sender_connects_to_is_the_host_that_was_judged(host: str) -> None:
    url = f"https://{host}/"
    try:
        addresses.require_deliverable(url, loopback=False)
    except UrlRefused:
        return
    judged, sent = urlsplit(url).hostname, yarl.URL(url).raw_host
    assert sent == judged
    # Without a resolver only addresses are connected to, which were judged as such.
    assert sent is not None
    if is_ip_address(sent):
        assert addresses.may_be_reached(ipaddress.ip_address(sent), loopback=False)


def test_plain_http_never_leaves_this_machine() -> None:
    addresses.require_deliverable("https://partner.example:8443/x?y=1", loopback=False)
    for url in ("http://127.0.0.1:80/", "http://[::1]/", "https://127.0.0.1/", "https://localhost"):
        addresses.require_deliverable(url, loopback=True)
    for url in ("http://localhost/", "http://8.8.8.8/", "http://partner.example/"):
        with pytest.raises(UrlRefused, match="not_https"):
            addresses.require_deliverable(url, loopback=True)


def signed(secrets: list[bytes], *, at: dt.datetime, body: bytes = b'{"a":1}') -> dict[str, str]:
    return signature.headers("dlv_1", body, secrets, at=at)


def test_the_standard_library_of_partners_verifies_a_delivery_and_nothing_else() -> None:
    now = dt.datetime.now(dt.UTC)
    new, old, other = b"n" * 32, b"o" * 32, b"x" * 32
    headers = signed([new, old], at=now)
    for secret in (new, old):
        webhook = standardwebhooks.Webhook(signature.shown(secret))
        assert webhook.verify(b'{"a":1}', headers) == {"a": 1}
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(signature.shown(other)).verify(b'{"a":1}', headers)
    webhook = standardwebhooks.Webhook(signature.shown(new))
    late = signed([new], at=now - signature.TOLERANCE - dt.timedelta(seconds=2))
    moved = {**headers, "webhook-timestamp": str(int(now.timestamp()) + 1)}
    renamed = {**headers, "webhook-id": "dlv_2"}
    for body, wrong in (
        *((b'{"a":2}', headers), (b'{"a":1}', late)),
        *((b'{"a":1}', moved), (b'{"a":1}', renamed)),
    ):
        with pytest.raises(standardwebhooks.WebhookVerificationError):
            webhook.verify(body, wrong)


def test_a_failure_is_repeated_with_growing_pauses_for_three_days() -> None:
    now, tries, pauses = NOW, 1, []
    while (then := retries.next_try(tries, failing_since=NOW, now=now, chance=0)) is not None:
        pauses.append((then - now).total_seconds())
        now, tries = then, tries + 1
        assert tries < 200
    assert pauses[:4] == [5, 10, 20, 40]
    assert max(pauses) == 3600
    assert pauses[:-1] == sorted(pauses[:-1])
    assert now == NOW + dt.timedelta(days=3)
    assert retries.pause_after(10**6) == retries.LONGEST_PAUSE


@given(
    tries=st.integers(1, 200),
    failing=st.timedeltas(dt.timedelta(0), dt.timedelta(days=4)),
    chance=st.floats(0, 1, exclude_max=True),
    asked=st.none() | st.timedeltas(dt.timedelta(0), dt.timedelta(days=40_000)),
)
def test_the_next_try_is_never_early_and_never_behind_the_end(
    tries: int, failing: dt.timedelta, chance: float, asked: dt.timedelta | None
) -> None:
    now, end = NOW + failing, NOW + retries.RETRIED_FOR
    then = retries.next_try(tries, failing_since=NOW, now=now, chance=chance, asked=asked)
    if now >= end:
        assert then is None
        return
    least = max(retries.pause_after(tries), min(asked or dt.timedelta(0), dt.timedelta(hours=6)))
    assert then is not None
    assert min(now + least, end) <= then <= min(now + least * 1.25, end)
