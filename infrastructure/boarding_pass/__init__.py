"""Draws boarding passes: a picture for a phone and a page for paper, in English and Arabic."""
