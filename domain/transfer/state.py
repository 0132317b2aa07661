"""The state of a bank transfer."""

import msgspec


class Transfer(msgspec.Struct, frozen=True):
    """A transfer that finance recorded, and the id of what it `pays`."""

    pays: str
