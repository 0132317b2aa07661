"""Valkey or Redis: the task queue's broker and the shared part of the rate limiter."""
