"""Addresses of PostgreSQL with several hosts: what has to be in them."""

import re
from urllib.parse import parse_qs, urlsplit

# libpq's way to say: go to the server that accepts writes.
REQUIRED = "target_session_attrs=read-write"
_HOSTS = re.compile(r"\bhost(?:addr)?\s*=\s*('[^']*'|\S+)")
_IS_REQUIRED = re.compile(r"\btarget_session_attrs\s*=\s*'?read-write\b")


def lacks_primary(address: str) -> bool:
    """Return whether it names several hosts but not which of them: it could be a standby."""
    return names_several(address) and _IS_REQUIRED.search(address) is None


def names_several(address: str) -> bool:
    """Return whether it names several hosts."""
    if not address.startswith(("postgres://", "postgresql://")):
        return any("," in hosts for hosts in _HOSTS.findall(address))
    parts = urlsplit(address)
    named = (parts.netloc.rpartition("@")[2], *_hosts_of_query(parts.query))
    return any("," in hosts for hosts in named)


def _hosts_of_query(query: str) -> list[str]:
    found = parse_qs(query)
    return [*found.get("host", ()), *found.get("hostaddr", ())]
