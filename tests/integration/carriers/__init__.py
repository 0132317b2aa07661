"""One web tier for three carriers, each with a log on a primary of its own."""
