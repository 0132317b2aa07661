"""Report tax documents to the authority, and again until it has answered.

An outage of the authority delays reports and nothing else. While documents are not reported in
time, each round is a critical line in the log.
"""

import logging

from application.invoicing import report_documents
from application.invoicing.report_documents import ReportTaxDocument
from domain.invoicing.reporting import REPORT_WITHIN
from interfaces.composition import Core
from interfaces.worker.task_handler import TaskHandler
from interfaces.worker.timers.timer import Page, Timer
from projections.tax_documents import queries

logger = logging.getLogger("ais.tax")
# A day would do for the authority: of a busy system a round must not become a burst that customers
# wait for.
PERIOD_SECONDS = 10.0


async def due(core: Core, page: Page) -> list[ReportTaxDocument]:
    """Return the next page of documents without an answer, by month and number."""
    if page.after is None:
        late = await queries.overdue_count(core.pool, page.now - REPORT_WITHIN)
        if late:
            logger.critical("%d tax documents were not reported within %s", late, REPORT_WITHIN)
    last = page.after
    after = (last.month, last.number) if isinstance(last, ReportTaxDocument) else ("", "")
    found = await queries.waiting(core.pool, after=after, limit=page.limit)
    return [ReportTaxDocument(month, number, booking) for month, number, booking in found]


async def report(core: Core, task: ReportTaxDocument) -> None:
    """Report one document."""
    await report_documents.report_document(core.bus, core.vault, core.tax_authority, task)


TIMER = Timer(
    name="report_tax_documents",
    due=due,
    handler=TaskHandler(ReportTaxDocument, report),
    period_seconds=PERIOD_SECONDS,
)
