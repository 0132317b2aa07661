"""The policy book: rules that the airline sets itself, as published versions with their dates.

values: the typed value of each policy, and the values of the launch
operating_values: the values of rules about operations, with their limits
price_values: values that prices are made of: shares of the adult fare, extras
money_values: values about money that count at the instant of a decision
compensation_values: the regimes of passenger rights
scope: which sales a version applies to, and which of two versions is more specific
events: all events
state: the state of a policy: its versions and the proposal that waits
publication: guards, decisions and fold of proposing and approving a version
book: all policies; which versions are in force for a sale, and the values of versions
rejections: the reasons for which a decision is rejected

Vocabulary: a version is what was published; version 1 is the value of the launch, which
needs no publication and never changes. A version is in force from its `valid_from` on, until
another one of the same scope is.

O1  A version is proposed by one person and approved by another, as it was proposed. A rule about
    operations, of which no money depends, is published by one person.
O2  A version takes effect at least LEAST_LEAD after its approval: every process knows it by then.
O3  Of the versions that apply to a sale the most specific one counts; where two would be equally
    specific, the later one is not published.
O4  A booking keeps the versions that it was sold under, whatever is published afterwards. A rule
    about operations counts at the instant of a decision, which records what followed from it.
"""
