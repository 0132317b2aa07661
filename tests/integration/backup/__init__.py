"""Backups of a real cluster, restored into others."""
