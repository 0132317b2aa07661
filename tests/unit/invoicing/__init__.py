"""Tax documents: what an event changes, the lines, the numbers, the XML."""
