"""What happens by itself, on a real log."""
