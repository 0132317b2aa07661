"""The month as a period of the books: open, closed, and reopened by two persons.

events: all events
state: the state of a period
closing: guards, decisions and fold of closing and reopening
rejections: the reasons for which a decision is rejected

Vocabulary: a period is one calendar month of accounting days, in Riyadh. What belongs to a closed
month is dated on the first day of the next open one.

A1  Only a month that is over is closed, and not before its last flights are.
A2  Into a closed month nothing is posted, by whatever use case; the database refuses it.
A3  Who asks for a closed month to be reopened does not approve it.
"""
