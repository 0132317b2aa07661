"""Reads on a standby: a primary and a standby that run for real, and the reads of both."""
