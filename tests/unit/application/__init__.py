"""Use cases over an in-memory log: which streams one command writes."""
