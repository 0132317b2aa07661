"""A flight and its seats.

schedule: a departure is put on sale; overbooking
seat_sale: seats held, released, sold, sold again after a mistake, and divided between bookings
divided_seats: what moves to the other booking when seats are divided
waitlist: bookings that wait for seats
unpaid_seats: how many seats of a flight an account may hold without paying
seating: seats of the seat map, sequence numbers at check-in
infant_room: how many infants a flight takes
operations: change of equipment, other times, cancellation, departure
departure_correction: the withdrawal of a departure that was recorded by mistake
sales_window: when seats can be held, and until when
season: the schedule of a season: flight numbers over periods, and their departures
season_changes: what a season's schedule changes in what is on sale
season_legs: departures written as legs of a season
seat_map: seat numbers and categories of a cabin

events: all events and the values they store
state: the state
fold: state after event
rejections: the reasons for which a decision is rejected

Vocabulary: a *flight* is one departure of one day; a *cabin* (economy Y, business J) has an
*authorised* number of seats, which overbooking makes more than the physical ones; a *fare class*
(RBD) is a price level of a cabin with its own seat limit, nested: a lower class never leaves a
higher one short; a *hold* reserves seats for one booking until a deadline; *sold* seats belong to
a ticketed booking; a *capacity move* is the difference that one event makes to a cabin's counters;
an *offer* is a hold for a waitlisted booking.

I1  No decision raises held + sold of a cabin above its authorised number, but for seats that a
    booking lost by a mistake of the airline.
I2  A booking has at most one hold and one sale per flight; holding is idempotent.
I3  Only what a booking holds can be released or sold for it.
I4  No fare class and those below it together take more than their limit.
I5  No two passengers have the same seat.
I6  Seats that become free are offered to the waitlist first: to the first booking that they fit.
I7  An account holds at most so many seats of a flight without having paid for them.
"""
