"""The use cases of a booking. Each file has the command with its decision, and what precedes it.

Read `confirm_booking.py` for a command alone, `cancel_booking.py` for one with a quote in front.

create_booking: hold seats, draft, or queue on the waitlist
saved_passengers: save passengers for bookings to come
travellers: the travellers of a new booking, named or saved
saved_documents: the travel documents of saved passengers who are booked
hold_booking: hold the seats of a draft
unpaid_seats: how many seats a customer may hold without paying
offer_seats: offer free seats to the first waitlisted booking that fits
split_checkout: a session for each of several payers
open_checkout: open a checkout session for the amount due
ask_about_payment: ask Stripe about the session of a traveller who returns
read_payment_outcome: what the page shows to a traveller who returns
confirm_booking: issue the tickets of a paid booking
record_dispute: record a dispute as it is at Stripe, and what it means for bookings
charge_back: charge a lost dispute back to what the payer was owed
allocate_external_refund: say what a refund made at Stripe by hand was for
learn_disputes: ask Stripe about disputes and fraud warnings
answer_dispute: the evidence for a dispute, and its submission
evidence: the evidence, put together from the log
expire_booking: expire a booking that was not paid in time
settle_parked_funds: settle captured money that the booking could not take, by rule
return_parts: return the parts of what has ended without being paid
allocate_funds: let money without a booking pay for the one that its payer meant
reseat_booking: give an expired booking its seats again when its money came late
send_payment_link: write that a payment page is open that was delayed
ask_for_rest: write to a traveller who has paid a part of the amount due
release_hold: ask Stripe, then expire what was not paid in time
live_session: expire the checkout session that can still be paid
paid_seats: seats that were paid for as extras
seat_needs: who has an infant, and who may sit at an exit; assigns seats
choose_seats: choose seats; remove seats that another aircraft does not have
correct_name: correct a few letters of a name
record_document: record a travel document, and check it against the journey
special_services: request and withdraw special services
exchanged_values: what coupons are worth after an exchange
quote_modification: quote another flight, date or cabin for one segment
exchange_target: the class of another flight that a segment is exchanged for, and its fare
modify_booking: accept the quote of a modification
complete_modification: complete a paid modification, or expire or abandon an unpaid one
quote_extras: quote extras for a ticketed booking
order_extras: order them; abandon or expire an unpaid order
issue_extras: sell the extras of a paid order
refund_extra: quote the return of one extra, and carry it out
extra_seats: seats among the extras of an order
cancel_booking: quote the cancellation of a booking or a part of it, and carry it out
divide_booking: passengers leave for a booking of their own
grant_refund: refund beyond the rules
resend_refund: send a refused or failed refund again
record_bank_transfer: record the bank transfer in place of a refused or failed refund
offer_disruption: offer a booking its choices when a flight is cancelled or rescheduled
answer_disruption: accept the new times, move to another flight, or be refunded
settle_unanswered: remind of a cancelled flight without an answer, and refund it in the end
check_in: check in, undo it, and board
offload_passengers: cancel the coupons of passengers at the gate
depart_unreported: depart a flight nobody reported, where passengers have boarded
close_flight: record who has flown and who was a no-show
reopen_flight: take that back where the departure was withdrawn

find_booking: a guest finds a booking by reference and surname
find_bookings: staff find bookings by what they know of a traveller
index_bookings: keep the index by which staff find bookings
search_terms: by what staff find bookings, in comparable form
attach_booking: attach a booking to the account of its traveller
booking_details: a booking as its owner and staff see it
extra_documents: the extras of a booking with their documents
booking_refunds: the refunds of a booking as its owner sees them
list_bookings: the bookings of a user
read_calendar: the flights of a booking as a calendar file
calendar_file: the port that writes it
list_changes: what has changed in the bookings of a user
read_history: what happened to a booking
read_manifest: the passengers of a flight
read_boarding_passes: the boarding passes of a booking
boarding_pass_facts: the facts of a pass from the booking, its flight and its people
boarding_pass_printer: the port that draws boarding passes
letters: letters to passengers and their words
letter_words: the words of letters about payments and extras
letter_reasons: what letters say about codes
condition_words: the conditions and bags of a fare in words
letter_batches: letters that one message of the queue carries
letter_drafts: reads what letters need, together
send_letter: fills in letters and sends them
texts: text messages to passengers and their words
send_text: fills in text messages and sends them

channels: the channel of a caller, by role
access: who may see or change which booking
cancellation_terms: fee, tax of the rest and kept charges of a cancellation
cancellation_fee: what cancelling coupons costs
previewed_fees: what bookings paid, and would pay, under versions of the fees
remaining_tax: the tax of what remains of a journey
opened_needs: opens the codes of special services
staff_notes: what staff write about a booking, sealed and opened
stored_answer: answers a repeated request as before, whatever has changed since
journey: loads a booking and its flights within a decision; values of coupons; seats put on sale
birth_dates: opens the birth dates of passengers
people: names and contacts as they are sealed
ports: what these use cases need from outside
"""
