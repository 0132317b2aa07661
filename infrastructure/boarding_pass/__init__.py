"""Draws boarding passes: a picture for a phone and a page for paper, in English and Arabic.

printer: the printer: makes both forms of a pass
picture: PNG with a QR code (ISO/IEC 18004)
page: PDF of A6 with a PDF417 code (ISO/IEC 15438)
layout: places of all parts on an upright A6
wording: the cells of a pass, named in English and Arabic
arabic: Arabic letters joined and ordered for libraries that do not shape text
typeface: one font family with Latin and Arabic letters
"""
