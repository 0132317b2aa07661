"""The letters of a pass: one family with Latin and Arabic, from the files of its package."""

import functools
import importlib.resources
import threading
from collections.abc import Callable
from typing import Literal, ParamSpec

Weight = Literal["Regular", "SemiBold"]
Arguments = ParamSpec("Arguments")
_DRAWING = threading.Lock()
WEIGHTS: tuple[Weight, ...] = ("Regular", "SemiBold")


def font(weight: Weight) -> bytes:
    """Return the TrueType file of IBM Plex Sans Arabic (Open Font License) in this weight."""
    files = importlib.resources.files("fontpkg_ibm_plex_sans_arabic") / "files"
    return (files / f"IBMPlexSansArabic-{weight}.ttf").read_bytes()


def one_at_a_time(draw: Callable[Arguments, bytes]) -> Callable[Arguments, bytes]:
    """Return the function that draws PDFs so that no two threads are in such a function at once.

    A font of the library keeps its place in its file: two threads that take letters from one font
    would write each other's into their pages.
    """

    @functools.wraps(draw)
    def drawn_alone(*args: Arguments.args, **kwargs: Arguments.kwargs) -> bytes:
        with _DRAWING:
            return draw(*args, **kwargs)

    return drawn_alone
