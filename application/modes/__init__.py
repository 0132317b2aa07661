"""Modes of operation, for all processes on one database; read `current_modes` first.

current_modes: the modes that are on, as this process knows them
ports: what the use cases need from outside
switch_mode: an operator switches a mode on or off
"""
