"""The three legs of reconciliation: matching, the bank, and the decisions about breaks."""
