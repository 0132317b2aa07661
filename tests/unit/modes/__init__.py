"""Modes of operation: their rules, and what is served during maintenance."""
