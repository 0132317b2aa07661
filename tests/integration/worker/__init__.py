"""The task queue inside a process, on Postgres."""
