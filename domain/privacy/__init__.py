"""Privacy: consents, erasure, and how long personal data is kept.

consents: what a user agreed to, in which version, and when
erasures: the record of an erasure in the log
retention: the periods after which personal data goes, with their sources

events: all events
state: the state of an erasure
rejections: the reasons for which a decision is rejected

Vocabulary: a *person* is an account, the passengers of a guest's booking, or the buyer and the
recipient of a gift card; to *erase* a person is to destroy the keys that open what is sealed.

E1  A consent is a fact: a later one replaces it and nothing changes it.
E2  Terms and the privacy notice are accepted; only consent to marketing mail is withdrawn.
E3  What is still open for a person postpones the erasure; the books and their proofs outlive it.
"""
