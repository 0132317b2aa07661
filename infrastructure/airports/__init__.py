"""Airports of the world from the `airportsdata` package; the only place that imports it."""
