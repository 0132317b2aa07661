"""The edge over real HTTP, a real database and a real Valkey."""
