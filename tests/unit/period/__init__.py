"""Months of the books: closed, and reopened by two persons."""
