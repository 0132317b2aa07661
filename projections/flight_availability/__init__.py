"""Flights that can be searched: the fares and seats of each cabin.

Read by search and by the flight pages. It may lag by a second, because holding seats is decided
on the log itself.

projector: one row for each flight and cabin; adds up the moves of the events
queries: search, departures that are due, waitlists, oversold cabins
departures: what a carrier has on sale, by departure
searches: connections, the departures of several days, the routes that are served
checker: compares the rows with the fold of every flight and the counters of the append
"""
