"""Draws tax documents as a page of A4 in Arabic and English, with the QR code of ZATCA.

printer: the printer: draws a document
sheet: a page of A4 with text in both directions, lines and the code
wording: the words of a document in English and Arabic
"""
