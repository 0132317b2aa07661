"""Tax documents by month, with their amounts and whether the tax authority has them.

Read by finance and by the timer that reports them. It may lag: the timer's command decides on the
log.

projector: one row for each document
queries: the documents of a month, and those without an answer of the authority
checker: compares the rows with the fold of every month
"""
