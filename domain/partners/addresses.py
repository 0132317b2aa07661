"""The addresses to which nothing is delivered (OWASP API7, server-side request forgery)."""

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

from domain.partners.rejections import UrlRefused

URL_LENGTH = 500
# An address, or a name as RFC 1123, 2.1, has it, which every client reads alike: no escape, no
# empty label, nothing behind a bracket.
_AUTHORITY = re.compile(
    r"(.*@)?(\[[0-9a-f:.]+\]|(?=[^:]{1,253}(:|$))([a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63})"
    r"(:[1-9][0-9]*)?",
    re.IGNORECASE,
)
# Resolvers read such a host as an IPv4 address: 2130706433, 127.1 and 0x7f.1 are 127.0.0.1.
_ENDS_IN_NUMBER = re.compile(r"(^|\.)(0x[0-9a-f]*|[0-9]+)$")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# NAT64 (RFC 6052): a network without IPv4 reaches IPv4 addresses by the last 32 bits of these.
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
# All of the public internet (RFC 4291), less documentation (RFC 9637), which Python 3.11 takes for
# public, and tunnels that nobody should need: 6to4 (RFC 7526), Teredo (RFC 4380).
_PUBLIC = ipaddress.IPv6Network("2000::/3")
_REFUSED = tuple(ipaddress.IPv6Network(each) for each in ("3fff::/20", "2002::/16", "2001::/32"))


def require_deliverable(url: str, *, loopback: bool) -> None:
    """Reject a URL to which nothing is delivered: UrlRefused. Names are not resolved here.

    `loopback` is whether this machine may be delivered to, and as an address such as 127.0.0.1 by
    plain HTTP: for tests and demos.
    """
    if len(url) > URL_LENGTH or not url.isascii() or not url.isprintable() or " " in url:
        raise UrlRefused(field="url", reason="malformed")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise UrlRefused(field="url", reason="malformed") from None
    # The scheme is kept as it is written, and in lower case.
    if not url.startswith(f"{parts.scheme}:"):
        raise UrlRefused(field="url", reason="malformed")
    if not host or "\\" in url or _AUTHORITY.fullmatch(parts.netloc) is None:
        raise UrlRefused(field="url", reason="malformed")
    literal = _literal(host)
    if literal is None and _ENDS_IN_NUMBER.search(host):
        raise UrlRefused(field="url", reason="malformed")
    _require_scheme(parts, literal, loopback=loopback)
    if "@" in parts.netloc:
        raise UrlRefused(field="url", reason="with_credentials")
    if parts.fragment or url.endswith("#"):
        raise UrlRefused(field="url", reason="with_fragment")
    if literal is not None and not may_be_reached(literal, loopback=loopback):
        raise UrlRefused(field="url", reason="private_address")


def may_be_reached(address: Address, *, loopback: bool) -> bool:
    """Whether deliveries may go to this address (K1): one of the public internet, one receiver."""
    meant = _meant(address)
    if meant.is_loopback:
        return loopback
    if isinstance(meant, ipaddress.IPv6Address) and (
        meant not in _PUBLIC or any(meant in each for each in _REFUSED)
    ):
        return False
    return meant.is_global and not (meant.is_multicast or meant.is_reserved)


def _require_scheme(parts: SplitResult, literal: Address | None, *, loopback: bool) -> None:
    """Reject what is not HTTPS; plain HTTP never leaves this machine."""
    stays = loopback and literal is not None and _meant(literal).is_loopback
    if parts.scheme != "https" and not (stays and parts.scheme == "http"):
        raise UrlRefused(field="url", reason="not_https")


def _meant(address: Address) -> Address:
    """Return the IPv4 address that is written as an IPv6 address, or the address itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
