"""The printer of boarding passes: a picture and a page in English and Arabic.

Rule: the libraries that draw are loaded by the first pass, not by the start of a process.
"""

from domain.booking import boarding_pass


class BilingualBoardingPassPrinter:
    """`application.booking.boarding_pass_printer.BoardingPassPrinter` that draws in this process.

    Holds nothing: any number of threads may use one.
    """

    def png(self, facts: boarding_pass.BoardingPassFacts) -> bytes:
        """A PNG with a QR code; raises NameNotLatin or InvalidFacts."""
        from infrastructure.boarding_pass import picture

        return picture.png(facts)

    def pdf(self, facts: boarding_pass.BoardingPassFacts) -> bytes:
        """A PDF with a PDF417 code; raises NameNotLatin or InvalidFacts."""
        from infrastructure.boarding_pass import page

        return page.pdf(facts)
