"""The command bus without a database: what commands name, and what one batch decides."""
