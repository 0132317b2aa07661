"""What runs in a real Valkey."""
