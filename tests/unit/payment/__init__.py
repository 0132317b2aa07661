"""Attempts to collect, captures and parked money."""
