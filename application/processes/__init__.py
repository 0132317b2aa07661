"""What follows from what: events in, commands out; pure, each file one sentence.

The command id of a step is made from the event's id and the process' name, so a process that is
run again over the same events asks for nothing new.
"""
