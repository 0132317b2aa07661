"""The state of an erasure in the log."""

import msgspec


class Erasure(msgspec.Struct, frozen=True):
    """A completed erasure: how many keys were destroyed."""

    key_count: int
