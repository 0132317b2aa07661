"""The printer of boarding passes: a picture and a page in English and Arabic.

Rule: the drawing libraries are loaded for the first pass, not at the start of a process.
"""

from domain.booking import boarding_pass


class BilingualBoardingPassPrinter:
    """`application.booking.boarding_pass_printer.BoardingPassPrinter` that draws in this process.

    It has no state: any number of threads may share one.
    """

    def png(self, facts: boarding_pass.BoardingPassFacts) -> bytes:
        """Return a PNG with a QR code; raises NameNotLatin or InvalidFacts."""
        from infrastructure.boarding_pass import picture

        return picture.png(facts)

    def pdf(self, facts: boarding_pass.BoardingPassFacts) -> bytes:
        """Return a PDF with a PDF417 code; raises NameNotLatin or InvalidFacts."""
        from infrastructure.boarding_pass import page

        return page.pdf(facts)
