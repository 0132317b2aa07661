"""The entry points of the application: HTTP, worker and command line; and the composition.

http: the HTTP API
web: the web process
worker: the worker process
cli: the command line
composition: builds what each process runs on; the only module that names adapters
read_models: the queries of read models as ports promise them
settings: the settings, from environment variables
"""
