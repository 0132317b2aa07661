"""Sealed codes of special services for decisions: boxes that `OPENED` reads without a vault."""

from collections.abc import Iterator, Mapping

from domain.kernel.sealed import Sealed

SUBJECT = "sub_passenger"


def sealed_code(code: str) -> Sealed:
    """The code in a box."""
    return Sealed(SUBJECT, code.encode())


class _Opened(Mapping[Sealed, str | None]):
    """The code of every box that `sealed_code` returns."""

    def __getitem__(self, box: Sealed) -> str:
        assert box.subject == SUBJECT
        return box.box.decode()

    def __contains__(self, box: object) -> bool:
        return isinstance(box, Sealed) and box.subject == SUBJECT

    def __iter__(self) -> Iterator[Sealed]:
        return iter(())

    def __len__(self) -> int:
        return 0


OPENED = _Opened()
