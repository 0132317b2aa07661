"""Registering, signing in, and knowing who asks."""
