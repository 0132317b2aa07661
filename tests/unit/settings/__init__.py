"""Settings from an environment."""
