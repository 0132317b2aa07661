"""The background processes: the worker of the task queue, and the scheduler.

A background task is a subclass of `ports.BackgroundTask`, declared where it is enqueued.

task_handler: binds a background task to its function; the cause of the commands it submits
handlers: the list of all handlers
actors: binds the handlers to the task queue
scheduler: runs the processes, relays outbox and inbox, and runs the timers
loops: loops side by side that end together
sweep: enqueues what is due by one timer, page by page
timers: work that is due because time has passed
"""
