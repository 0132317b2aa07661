"""Flights and their seats.

Vocabulary: a *flight* is one departure of one day; a *cabin* (economy Y, business J) has an
*authorised* number of seats, which overbooking makes more than the physical ones; a *fare class*
(RBD) is a price level of a cabin with its own seat limit, nested: a lower class never leaves a
higher one short; a *hold* keeps seats for one booking until a deadline; *sold* seats belong to a
ticketed booking; a *capacity move* is what one event does to a cabin's counters; an *offer* is a
hold made for somebody who waited.

I1  No decision raises held + sold of a cabin above its authorised number.
I2  A booking has at most one hold and one sale per flight; holding twice records nothing new.
I3  Only what a booking holds can be released or sold for it.
I4  No fare class and those below it together take more than their limit.
I5  Nobody sits where another sits.
I6  Seats that come free go to the queue first: the first whose party fits is offered them.
"""
