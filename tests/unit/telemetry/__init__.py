"""What a process reports of itself: log lines, spans, metrics, errors."""
