"""Types of settings that several groups of them use."""

import ipaddress
import re
from typing import Annotated

import msgspec

Url = Annotated[str, msgspec.Meta(pattern=r"^https?://[^\s/]+")]
Port = Annotated[int, msgspec.Meta(ge=0, le=65_535)]
# RFC 6454, 6.2: no path, no wildcard, in lower case.
_is_origin = re.compile(
    r"(?P<scheme>https?)://([a-z0-9.-]+|\[[0-9a-f:.]+\])(:(?P<port>[1-9][0-9]{0,4}))?"
).fullmatch


class Secret:
    """Text that is never shown; `reveal` returns it for use."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text itself."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(…)"


class Network:
    """A range of addresses such as 10.0.0.0/8."""

    __slots__ = ("range",)

    def __init__(self, text: str) -> None:
        self.range = ipaddress.ip_network(text)

    def __repr__(self) -> str:
        return str(self.range)


class Origin:
    """A scheme, host and port as browsers send them, such as https://book.airline.example."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        found = _is_origin(text)
        # The default port is never sent, so that it would never match.
        if found is None or (found["scheme"], found["port"]) in {("http", "80"), ("https", "443")}:
            raise ValueError(text)
        self.text = text

    def __repr__(self) -> str:
        return self.text
