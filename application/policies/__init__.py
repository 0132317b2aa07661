"""The policy book: propose and publish versions, and what is in force.

propose_policy: propose a version of a policy
approve_policy: publish what another person proposed
read_policies: the policies with all versions, as the log has them
value_json: values as staff write and read them
read_book: the book as the log has it, within a decision or from outside
current_policies: the book as a process remembers it for searches and quotes, never out of force
operating_rules: what a rule about operations says at the instant of a decision
fee_terms: the versions that a sale is made under, and the fees of versions
rules_now: what a policy that is the same for all sales says at the instant of a decision
price_terms: the versions that a price is made of, and what they say
ports: what these use cases need from outside
"""
