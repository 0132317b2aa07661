"""The processes on a real log."""
