"""Tests of travel credit."""
