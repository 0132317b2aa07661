"""Processes without a client: the worker of the task queue, and the scheduler.

A background task is a subclass of `ports.BackgroundTask` where it is enqueued; `task_handler.py`
says what handles one and `handlers.py` lists all handlers. `actors.py` binds them to the queue.
`scheduler.py` runs the processes, relays outbox and inbox, and runs the timers of `timers/`;
`sweep.py` is one timer at work.
"""
