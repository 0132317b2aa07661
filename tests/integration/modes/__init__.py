"""Modes of operation over a real database and HTTP."""
