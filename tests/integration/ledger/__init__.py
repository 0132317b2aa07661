"""The tools of finance: `ais ledger`, exports, and what other programs read in them."""
