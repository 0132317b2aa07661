"""A simulated Stripe on loopback for demo and tests; it imports no other package of ours.

__main__: runs the simulator: `python -m infrastructure.stripe_simulator --port 0`
app: the ASGI program: routes a path and checks an API request
account: the simulated account: all its objects and events
routes: the routes of the API, with the SDK's shapes of their parameters
money_routes: the routes about charges, refunds, disputes, payouts and the balance
route: one route, and the functions that most routes share
parameters: checks every parameter against the TypedDicts of the SDK
forms: decodes Stripe's bracketed form encoding
expansion: replaces an id by its object for `expand[]`
errors: the error answers of Stripe
idempotency: keeps the answer of an `Idempotency-Key` for 24 hours
checkout: checkout sessions
intents: payment intents
cards: the test payment methods and the answers of their banks
charges: charges, and what was captured of them
refunds: refunds of captured charges, which may wait, fail later or be canceled
disputes: disputes and inquiries, from their opening to the bank's decision
card_consequences: disputes and warnings that a test card asks for
fraud_warnings: early fraud warnings of card networks
payouts: payouts of the available balance, and those that fail after they were paid
balance: balance transactions with fees and exchange, and the sums of the balance
funds: the money of the account beside its objects, as it is stored
agenda: what happens as the clock goes on
changes: what an update changed, for `previous_attributes`
currencies: decimals, smallest and largest amounts of each currency
ids: identifiers that look like Stripe's
shelf: objects of one kind in order of creation, with cursor pages
endpoints: webhook endpoints: created, changed, disabled, removed
courier: delivers events to webhook endpoints: signed and retried
hosted: the routes of the hosted payment page
page: the hosted payment page itself
control_money: the control path of money: settings, disputes, payouts
control: the control path for tests and demos: faults, time, forced outcomes
faults: faults for the next calls of the API
rate_limits: the limits of requests a second
clock: the time of the account: real time plus the seconds that the control path added
request_log: the last API requests with their outcome
snapshot: the account in a file
configuration: settings of a simulated account
wire: requests and answers over plain ASGI
"""
