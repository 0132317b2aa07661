"""Report tax documents to the authority and record its answer; an outage is waited out.

A document stays unreported until the authority has answered, and is reported again until then:
a repeat of the same number is answered as before.
"""

import uuid
from typing import ClassVar

from application.commands import follow_up, stream_kinds
from application.commands.bus import CommandBus
from application.commands.command import Command, Reply
from application.commands.context import DecisionContext
from application.invoicing import ubl
from application.invoicing.issue_documents import buyer_of
from application.invoicing.ports import InvoiceReporting
from application.ports import BackgroundTask, Vault
from domain.invoicing import reporting
from domain.invoicing.events import ReportStatus
from domain.kernel import ids


class ReportTaxDocument(BackgroundTask, frozen=True):
    """Report the document of this number; `month` is the one that its number was taken in."""

    topic: ClassVar[str] = "report_tax_document"

    month: str
    number: str
    booking_id: str


class RecordTaxReport(Command, frozen=True):
    """The authority has answered about a document."""

    month: str
    number: str
    status: ReportStatus
    code: str | None = None

    @property
    def streams(self) -> tuple[str, ...]:
        """The numbers of the month."""
        return (ids.tax_series_stream(self.month),)

    def decide(self, context: DecisionContext) -> Reply:
        """Record the first answer; rejects nothing."""
        (stream,) = self.streams
        series = context.load(stream_kinds.TAX_SERIES, stream)
        assert series is not None, "the document is one of the month"
        recorded = reporting.record_report(
            series, number=self.number, status=self.status, code=self.code, now=context.now
        )
        context.record(stream, recorded)
        return Reply(stream)


async def report_document(
    bus: CommandBus, vault: Vault, authority: InvoiceReporting, task: ReportTaxDocument
) -> None:
    """Report one document and record the answer; raises Unavailable while there is none."""
    stream = ids.tax_documents_stream(task.booking_id)
    file = (await bus.current(stream_kinds.TAX_DOCUMENTS, stream))[0]
    document = None if file is None else file.document(task.number)
    assert document is not None, "number and document are one append"
    buyer = (await buyer_of(vault, document.buyer)).opened
    answer = await authority.report(document, ubl.xml(document, buyer))
    cause = follow_up.Cause(
        id=uuid.UUID(document.uuid),
        actor=follow_up.ACTOR,
        correlation_id=task.number,
    )
    command = RecordTaxReport(
        month=task.month, number=task.number, status=answer.status, code=answer.code
    )
    await bus.submit(follow_up.envelope(cause, f"tax_report:{answer.status}", command))
