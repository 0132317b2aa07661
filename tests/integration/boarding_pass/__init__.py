"""Boarding passes as a scanner, a printer and a reader of PDF find them."""
