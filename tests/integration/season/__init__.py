"""Integration tests of the import and export of schedules."""
