"""Which documents the tax authority has, and which it still waits for.

Policy: a simplified document is reported within 24 hours of its issue, a standard one is cleared
(ZATCA e-invoicing, phase 2). An outage of the authority holds up no sale and no document.
"""

import datetime as dt

from domain.invoicing.events import DocumentReported, ReportStatus
from domain.invoicing.state import Series

REPORT_WITHIN = dt.timedelta(hours=24)


def record_report(
    series: Series, *, number: str, status: ReportStatus, code: str | None, now: dt.datetime
) -> list[DocumentReported]:
    """Record the authority's answer about a document of the month, once."""
    if series.unreported.get(number) is None:
        return []
    return [DocumentReported(number=number, status=status, answered_at=now, code=code)]
