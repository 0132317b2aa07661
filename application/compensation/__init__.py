"""Use cases of compensation: claims of passengers for cancelled, late and overbooked flights.

impacts: what happened to each passenger of a booking on a flight, from both histories
assess_claim: assess what a booking is owed for a flight, offer or withdraw it
regimes_in_force: the regimes that were in force at a departure
accept_claim: passengers accept an offer and say where it is paid to
pay_claim: finance records the bank transfer
withdraw_claim: staff withdraw a claim that is not accepted
read_claims: the claims of a booking, with the account for finance
"""
