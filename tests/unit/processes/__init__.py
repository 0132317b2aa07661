"""Which commands follow from which events."""
