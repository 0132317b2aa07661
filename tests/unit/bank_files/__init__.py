"""Statements of the bank in each form, and files that cannot be read."""
