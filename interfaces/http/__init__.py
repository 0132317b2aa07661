"""The HTTP edge: requests become commands and answers; it decides nothing and names no adapter."""
