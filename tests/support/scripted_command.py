"""A command whose decision is written in its test."""

from collections.abc import Callable

from application.commands.command import Command, Reply
from application.commands.context import DecisionContext


class Scripted(Command, frozen=True):
    """Decides what `script` decides."""

    flight_id: str
    script: Callable[[DecisionContext], Reply]

    def decide(self, context: DecisionContext) -> Reply:
        """Run the script."""
        return self.script(context)
