"""Work that is due because time has passed. Each timer is one file: query, task, action.

Read `timer.py` first, then `depart_overdue_flights.py` as an example. To add a timer: a query in a
read model, a file here, and its line in `registry.py`.

timer: the type of a timer: its name, its period, its query and the handler of its tasks
reconcile_days: the ledger beside Stripe and the bank, daily
release_lapsed_holds: holds, waitlist places and changes that were not paid in time
complete_unfinished_attempts: attempts to open a checkout session that have no outcome yet
ask_about_ended_sessions: checkout sessions whose time is over
ask_about_slow_payments: sessions that ended long ago, while a bank still decides
send_unanswered_refunds: refunds that Stripe should have answered by now
check_accepted_refunds: refunds that Stripe accepted and has not settled yet
check_signed_captures: captures that only a signed event reported
check_contradicted_captures: such captures that Stripe's own list contradicted
settle_parked_money: money that its booking could not take, and that is not settled yet
sweep_balance_transactions: Stripe's list of balance transactions
follow_payouts: payouts that should have arrived, or whose transactions are not known yet
backfill_stripe_events: events that Stripe could not deliver
compare_stripe_balance: Stripe's balance beside account 1010
ask_about_disputes: disputes that the bank has not decided
run_processes_again: bookings whose processes should have finished by now
depart_overdue_flights: flights that should have left an hour ago
offer_free_seats: flights with a free seat and a waitlist
remind_of_cancelled_flights: bookings on cancelled or moved flights without an answer in time
refund_unanswered_cancellations: bookings on cancelled flights without an answer in time
offer_assessed_claims: claims whose cause can no longer be withdrawn
report_tax_documents: tax documents that the authority has not answered about
expire_credits: travel credits whose time is over
record_bounces: letters that came back
index_bookings: bookings that staff find by something else than before
expire_sessions: sessions of users whose time is over
carry_out_erasures: erasures that were requested, once nothing is open
carry_out_factor_resets: second factors that customers have lost, a day after their mail
enforce_retention: bodies of webhooks, messages and letters after their periods
retain_passengers: bookings and gift cards whose legal period is over
description: what people read about a timer
registry: the list of all timers
"""
