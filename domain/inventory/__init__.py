"""Flights and their seats.

Vocabulary: a *flight* is one departure of one day; a *cabin* (economy Y, business J) has an
*authorised* number of seats; a *hold* keeps seats for one booking until a deadline; *sold* seats
belong to a ticketed booking; a *capacity move* is what one event does to a cabin's counters.

I1  No decision raises held + sold of a cabin above its authorised number.
I2  A booking has at most one hold or sale per flight; holding twice records nothing new.
I3  Only what a booking holds can be released or sold for it.
"""
