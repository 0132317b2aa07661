"""What coupons put into liabilities, by flight: deferred revenue, and charges by authority.

Read by finance. The books have one balance of the air traffic liability; this divides it among the
flights that it is owed for. It stops at an event that it cannot process, like the journal.

projector: writes what each event of a booking changed in the values of its coupons
queries: deferred revenue by day of departure, charges by airport and by authority
checker: compares the values of each booking with its postings
"""
