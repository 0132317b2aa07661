"""The handlers and timers of worker and scheduler."""
