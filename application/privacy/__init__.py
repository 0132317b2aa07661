"""The use cases of privacy: consents, a person's data, erasure, retention.

change_consent: record that a user agreed, or withdrew
person: which streams of the log are about a person
export_person: all that is held about a person, opened
print_export: the same as a PDF
request_erasure: ask for an erasure, withdraw it, see what postpones it
stop_erasure: withdraw it by the link of a letter
open_matters: what is still open for a person, and until when
carry_out_erasure: close the account, destroy the keys, record it
stripe_event_search: stored webhooks that are about a person
enforce_retention: what goes after its period
ports: what these need from outside
"""
