"""The root of business refusals: nothing is recorded, the client gets a code of the contract."""

from typing import ClassVar


class Rejection(Exception):
    """A valid command was refused; `parameters` fill in the message to the client.

    `retry_after_seconds` is set where waiting helps. Where the request is invalid, `field` is the
    member of it and `reason` says why, unless the place that rejects it names others.
    """

    code: ClassVar[str]
    field: ClassVar[str | None] = None
    reason: ClassVar[str | None] = None
    retry_after_seconds: int | None = None

    def __init__(self, **parameters: str | int) -> None:
        usual = {"field": self.field, "reason": self.reason}
        self.parameters: dict[str, str | int] = {
            **{name: text for name, text in usual.items() if text is not None},
            **parameters,
        }
        super().__init__(self.code, self.parameters)
