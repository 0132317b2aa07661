"""Valkey or Redis: the broker of the task queue and the shared part of the rate limiter.

queue: the task queue: dramatiq over Redis
part_queue: parts of one long calculation, for workers on any machine
dead_letters: tasks that failed in all their tries
last_writes: the last position that each user wrote, for read-your-writes
search_cache: cached searches, and the lease of the projector that drops them
condition: what Redis answers to `ais doctor`
rate_limit: windows of the rate limiter: a script takes a slice of a window
"""
