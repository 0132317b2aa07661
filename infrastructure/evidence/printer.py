"""The evidence for a dispute as a PDF of A4: titles and lines, as many pages as they need.

Rule: the drawing library is loaded for the first file, not at the start of a process, and the file
holds nothing but the evidence: no time of its making, no random id.
"""

import io
import textwrap

from application.booking.evidence import Evidence, Fact
from domain.kernel import money
from infrastructure.boarding_pass import typeface

WIDTH_CHARACTERS = 100
LINE_MM = 4.6
MARGIN_MM = 18.0


class PdfEvidencePrinter:
    """`application.booking.evidence.EvidencePrinter` that draws in this process."""

    @typeface.one_at_a_time
    def pdf(self, evidence: Evidence) -> bytes:
        """See EvidencePrinter."""
        from reportlab.lib.pagesizes import A4  # type: ignore[import-untyped]  # ships no types
        from reportlab.lib.units import mm  # type: ignore[import-untyped]  # ships no types
        from reportlab.pdfgen import canvas  # type: ignore[import-untyped]  # ships no types

        from infrastructure.boarding_pass.page import font_name

        file = io.BytesIO()
        # Invariant leaves out the time and makes the file's id from its content.
        sheet = canvas.Canvas(file, pagesize=A4, invariant=1, pageCompression=1)
        sheet.setTitle(f"Evidence for dispute {evidence.dispute.dispute}")
        top = A4[1] / mm - MARGIN_MM
        y = top
        for text, is_title in _lines(evidence):
            if y < MARGIN_MM:
                sheet.showPage()
                y = top
            sheet.setFont(font_name("SemiBold" if is_title else "Regular"), 11 if is_title else 8)
            sheet.drawString(MARGIN_MM * mm, y * mm, text)
            y -= LINE_MM
        sheet.showPage()
        sheet.save()
        return file.getvalue()


def _lines(evidence: Evidence) -> list[tuple[str, bool]]:
    """Return the lines of all pages, each with whether it is a title."""
    dispute = evidence.dispute
    amount = money.Money(dispute.amount, dispute.currency)
    head = [
        f"Charge {dispute.charge}, payment intent {dispute.intent}",
        f"Disputed: {money.display(amount)}, reason {dispute.reason}",
        f"Customer: {evidence.customer or 'erased'}, {evidence.email or 'no address'}",
    ]
    lines = [(f"Dispute {dispute.dispute}, booking {evidence.reference}", True)]
    lines += [(each, False) for each in head]
    for section in evidence.sections:
        lines += [("", False), (section.title, True)]
        for fact in section.facts or (Fact(None, "none recorded"),):
            lines += [(part, False) for part in _wrapped(fact)]
    return lines


def _wrapped(fact: Fact) -> list[str]:
    text = fact.text if fact.at is None else f"{fact.at:%Y-%m-%d %H:%M:%S} UTC  {fact.text}"
    return textwrap.wrap(text, WIDTH_CHARACTERS, subsequent_indent="    ")
