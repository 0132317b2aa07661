"""Text messages: a real gateway over HTTPS, a real database, a real queue."""
