"""The tax authority for the demo and for tests, and the rates that documents are made with.

rates: rates of currencies into riyals, from a dated table
signed_reporting: signs documents with a test key and reports them
fake_authority: the authority: checks hash and signature, and keeps documents in a folder

Nothing here calls ZATCA: a compliance certificate, its onboarding and its endpoints are for the
airline to add behind the same port.
"""
