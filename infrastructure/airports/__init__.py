"""Airports of the world from the package `airportsdata`; the only place that imports it.

world: reads the table of the package once
arabic_names: Arabic names beside it, from a file of ours
"""
