"""The vault over a real database."""
