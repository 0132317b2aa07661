"""Issue tax documents when a booking is sold, and when its price changes after that.

It follows the log, never within the append of the cause: a ticket does not wait for its invoice.
"""

from application.commands.command import Command
from application.invoicing.issue_documents import issue_documents
from application.invoicing.price_changes import REASONS
from application.ports import RecordedEvent
from application.processes.process import Process, ProcessContext
from domain.kernel.events import DomainEvent

NAME = "issue_tax_documents_when_price_changes"


async def issue(recorded: RecordedEvent, context: ProcessContext) -> None:
    """Issue what the booking lacks, the documents of earlier events included."""
    if context.invoicing is None:
        return

    async def step(name: str, command: Command) -> None:
        await context.submit(recorded, name, command)

    await issue_documents(context.invoicing, recorded.stream, step)


def _moves_money(event: DomainEvent) -> bool:
    return getattr(event, "entry", None) is not None


PROCESS = Process(
    name=NAME,
    starts_on=tuple(REASONS),
    run=issue,
    # Once for all events of a booking that a run finds.
    once_per_stream=True,
    wanted=_moves_money,
)
