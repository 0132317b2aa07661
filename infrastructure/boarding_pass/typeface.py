"""The letters of a pass: one family with Latin and Arabic, from the files of its package."""

import importlib.resources
from typing import Literal

Weight = Literal["Regular", "SemiBold"]
WEIGHTS: tuple[Weight, ...] = ("Regular", "SemiBold")


def font(weight: Weight) -> bytes:
    """Return the TrueType file of IBM Plex Sans Arabic (Open Font License) in this weight."""
    files = importlib.resources.files("fontpkg_ibm_plex_sans_arabic") / "files"
    return (files / f"IBMPlexSansArabic-{weight}.ttf").read_bytes()
