"""Modes of operation: what an operator switches for all processes on one database.

modes: which modes there are, and when a refused client should try again
rejections: why a mode is not switched
"""
