"""Processes without a client: the worker of the task queue, and the scheduler.

A background task is a subclass of `ports.BackgroundTask`, declared where it is enqueued.

task_handler: what handles a background task, and the cause of the commands it submits
handlers: the list of all handlers
actors: binds the handlers to the task queue
scheduler: runs the processes, relays outbox and inbox, and runs the timers
sweep: one timer at work, page by page
timers: what is due because time has passed
"""
