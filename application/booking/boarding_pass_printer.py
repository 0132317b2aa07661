"""The port that prints boarding passes: the same facts always make the same bytes."""

from typing import Protocol

from domain.booking import boarding_pass


class BoardingPassPrinter(Protocol):
    """Draws a pass. Takes tens of milliseconds of CPU: call it in a thread, not on the loop.

    Both raise `names.NameNotLatin` or `boarding_pass.InvalidFacts` for facts that the bar
    code cannot carry.
    """

    def png(self, facts: boarding_pass.BoardingPassFacts) -> bytes:
        """A picture for the screen of a phone, with a QR code."""
        ...

    def pdf(self, facts: boarding_pass.BoardingPassFacts) -> bytes:
        """A page of A6 to print, with a PDF417 code."""
        ...
