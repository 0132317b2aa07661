"""The entry points of the application: HTTP, worker and command line; and the composition.

http: the HTTP API
web: the web process
connection: one connection of the web process, with limits
worker: the worker process
cli: the command line
composition: builds what each process runs on; the only module that names adapters
settings: the settings, from environment variables
"""
