"""Migrations in two phases, and the release before beside this one on one database.

release_before: an earlier commit of this repository as a running system.
"""
