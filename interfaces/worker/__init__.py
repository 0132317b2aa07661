"""The background work: the worker of the task queue, and the scheduler.

A background task is a subclass of `ports.BackgroundTask`, declared where it is enqueued.

task_handler: binds a background task to its function; the cause of the commands it submits
handlers: the list of all handlers
task_queue: what carries tasks to their handlers; the one to separate workers
local_queue: the one inside a process: tasks of the outbox are carried out where they are relayed
actors: binds the handlers to the queue of separate workers
scheduler: runs the processes, relays outbox and inbox, and runs the timers
deliveries: deliveries to partners side by side
loops: loops side by side that end together
measuring: measures what all processes share, for metrics
sweep: enqueues what is due by one timer, page by page
timers: work that is due because time has passed
"""
