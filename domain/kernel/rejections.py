"""A business no. Nothing is recorded; the caller is told one code of the public contract."""

from typing import ClassVar


class Rejection(Exception):
    """A command was understood and refused; `parameters` fill the message shown to people."""

    code: ClassVar[str]

    def __init__(self, **parameters: str | int) -> None:
        super().__init__(self.code, parameters)
        self.parameters = parameters
