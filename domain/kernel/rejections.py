"""The root of business refusals: nothing is recorded, the client gets a code of the contract."""

from typing import ClassVar


class Rejection(Exception):
    """A valid command was refused; `parameters` fill in the message to the client."""

    code: ClassVar[str]

    def __init__(self, **parameters: str | int) -> None:
        super().__init__(self.code, parameters)
        self.parameters = parameters
