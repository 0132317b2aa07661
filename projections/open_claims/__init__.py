"""Claims of passengers that are not paid yet: finance's worklist, and what a timer offers.

projector: one row while a claim is assessed, offered or accepted
queries: the worklist, and assessed claims whose departure is final
checker: compares the rows with the fold of every claim
"""
