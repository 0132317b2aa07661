"""The log in Postgres: one statement appends a batch, one codec turns events into stored bytes."""
