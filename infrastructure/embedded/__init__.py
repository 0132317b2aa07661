"""Servers that come in wheels and run as our children: for the demo, tests and benchmarks.

They listen on Unix sockets in private folders only, stop with us, and start again after a kill.
"""
