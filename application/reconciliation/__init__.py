"""The use cases of reconciliation; read `run_reconciliation` first.

ports: what the use cases need from outside
stripe_leg: balance transactions and payouts, read again from Stripe
ledger_leg: what account 1010 holds, read from the journal
late_rows: what belongs to a day and was booked or listed far from it
run_reconciliation: compare a range of days, and record what does not fit
read_runs: the runs, with what each of them found
read_reconciliation: breaks with their age, and the explained value of each day
import_bank_lines: record the lines of a statement of the bank
propose_remedy: propose a write-off, or mark a break as timing
append_from_stripe: append what Stripe proves and the ledger lacks
propose_refund: propose to give back what Stripe took twice
approve_remedy: approve or decline what another person proposed
read_at_stripe: the transactions of a break as they are now at Stripe
"""
