"""The demo's output, rendered to text."""
