"""Privacy in Postgres, and the print of a person's data.

accounts: users, their devices and sign-ins
consents: facts of what users agreed to
erasures: erasures under way and done, the destruction of keys
retention: stored bodies of webhooks, and the removal of old rows
periods: periods of retention that the airline has chosen
export_printer: a person's data as PDF
"""
