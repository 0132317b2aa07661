"""Unit tests of the forms that schedules of airlines have as files."""
