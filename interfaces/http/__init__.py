"""The HTTP API: a route decodes a request, calls one use case and encodes the answer.

Read `app.py` first, then one module of routes, such as `cancellation.py`.

app: the application: routes, request class, error handlers, middleware
booking: create, hold, list and read bookings, and read their history
booking_response: a booking as JSON
booking_search: staff find bookings
decline_words: what a payer reads about a declined card, in both languages
changes: what has changed in the caller's bookings
guests: find a booking without an account, and attach it to one
checkout: open a checkout session
pay_with_credit: travel credit as a means of payment
cancellation: quote and carry out cancellations
extras_sale: quote, order and abandon extras of a ticketed booking; return one
extra_response: extras of a booking as clients see them
modification: quote, accept and abandon modifications; correct a name
disputes: disputes and the evidence for them
external_refunds: refunds made at Stripe by hand, and what each was for
disruption: answer a disruption
division: passengers leave for a booking of their own
refund: refunds beyond the rules
claims: compensation for cancelled, late and overbooked flights
credits: travel credit: what there is, goodwill, payouts
gift_cards: buy a gift card, claim it with its code, have the money back
documents: travel documents and special services
seats: choose seats
check_in: check-in, boarding, offload, no-show
boarding_passes: boarding passes as text, picture and page
tax_documents: invoices and notes of a booking, and the list of a month
modes: modes of operation: what is on, begin and end maintenance
maintenance: what is refused during maintenance
manifest: the passenger manifest
search: search, prices by day, seat maps and quotes
flight_response: departures and connections as JSON
network: the airports and routes that are flown
extras: what can be bought with a flight
flights: operations of flights
flight_lists: flights that need attention, and the bookings of a flight
audit: the log as auditors read it
audit_actions: sensitive actions, as a list and as a signed export
audit_stream: the route that follows the log
audited_reads: records what auditors ask
ledger: the chart of accounts, unapplied funds, failed refunds
books: balances, statements, the journal, reports and exports
books_answers: balances, statements and the journal as JSON
report_answers: reports on the books as JSON
reconciliation: the ledger beside Stripe and the bank: runs, breaks, decisions
schedule: load the schedule of a season, or write one
policies: read, propose and approve versions of the airline's rules
policy_values: the members of all policies
allowed_values: the values that a member of a body may have
policy_preview: what a version would change
periods: close a month of the books, and reopen one
settlement: payouts, Stripe's balance beside the books, and what does not fit
identity: register, the signed-in user, public keys
sign_in: sign in and out, refresh tokens
account: the caller's account and its address
second_factor: sign-in in two steps, authenticator apps
factor_resets: second factors that were lost
staff: invite staff, accept an invitation, change a role
subscriptions: subscriptions of partners, and how far each got
passwords: change a password, reset a lost one by a mailed link
sessions: the devices on which a user is signed in
saved_passengers: passengers that an account saves for its bookings
privacy: consents, the caller's data, erasure of the account
clients: register clients of third parties; consents of users
consent_page: the page on which a user lets a client act for them
consent_words: its words in both languages
oauth: tokens of clients, introspection, revocation, metadata
forms: bodies as forms send them
stripe_webhook: receive events of Stripe
stripe_events: list Stripe events that could not be processed, and process one again
worklists: worklists of staff, and every amount owed
pages: what all pages for people have in common
account_pages: the pages that mailed links lead to
account_page_words: their words in both languages
return_page: the page after a payment at Stripe
return_page_words: its words in both languages
health: alive and ready
docs_page: the documentation page
openapi: the OpenAPI document

carriers: chooses the carrier of a request by its host
auth: who may use a route
session_cookies: the cookies of a signed-in browser, and its CSRF token
security_events: records refused attempts
idempotency: the command id and the fingerprint of a request
rate_limit: limits of requests for each client
correlation: the correlation id, and the headers of every answer
security_headers: what keeps browsers from framing, sniffing or storing answers
cross_origin: answers to scripts of other origins
ending: deprecated routes, and the headers that say so
compression: answers in the encoding that a client accepts
request_target: one spelling of every path and parameter
strict_request: decodes exactly the documented JSON, or refuses it
mailbox: e-mail addresses as every route takes them
answers: answers as JSON
sparse: answers with only the members that the client asks for
read_position: the position that a client wrote, and its reads must contain
problems: errors and rejections as answers
problem_kinds: the table of problems
reason_words: what people read for the reason of a problem
wire: JSON types that several routes share
ports: what the routes call
"""
