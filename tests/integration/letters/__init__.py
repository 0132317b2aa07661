"""Letters on Postgres."""
