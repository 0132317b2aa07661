"""The root of business refusals: nothing is recorded, the client gets a code of the contract."""

from typing import ClassVar


class Rejection(Exception):
    """A valid command was refused; `parameters` fill in the message to the client.

    `retry_after_seconds` is set where waiting helps.
    """

    code: ClassVar[str]
    retry_after_seconds: int | None = None

    def __init__(self, **parameters: str | int) -> None:
        super().__init__(self.code, parameters)
        self.parameters = parameters
