"""The dispatcher on a real Postgres."""
