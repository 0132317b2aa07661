"""Processes without a client: the worker of the task queue and the scheduler."""
