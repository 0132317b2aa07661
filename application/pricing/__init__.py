"""Quotes: prices that hold for a while."""
