"""A simulated Stripe on loopback for demo and tests; it imports no other package of ours.

__main__: runs the simulator: `python -m infrastructure.stripe_simulator --port 0`
app: the ASGI program: routes a path and checks an API request
account: the simulated account: all its objects and events
routes: the routes of the API, with the SDK's shapes of their parameters
parameters: checks every parameter against the TypedDicts of the SDK
forms: decodes Stripe's bracketed form encoding
expansion: replaces an id by its object for `expand[]`
errors: the error answers of Stripe
idempotency: keeps the answer of an `Idempotency-Key` for 24 hours
checkout: checkout sessions
intents: payment intents
charges: charges and their balance transactions
refunds: refunds of captured charges
currencies: decimals, smallest and largest amounts of each currency
ids: identifiers that look like Stripe's
shelf: objects of one kind in order of creation, with cursor pages
courier: delivers events to webhook endpoints: signed and retried
hosted: the routes of the hosted payment page
page: the hosted payment page itself
control: the control path for tests and demos: faults, time, forced outcomes
faults: faults for the next calls of the API
clock: the time of the account: real time plus the seconds that the control path added
request_log: the last API requests with their outcome
snapshot: the account in a file
configuration: settings of a simulated account
wire: requests and answers over plain ASGI
"""
