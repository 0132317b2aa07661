"""What passengers are paid because a flight was cancelled, left late or refused to board them.

regimes: the rules of passenger rights as dated tables, with their sources
assessment: what a passenger is entitled to by a rule
claims: one claim of a booking for a flight: guards, decisions and fold

events: all events
state: the state
rejections: the reasons for which a decision is rejected

Vocabulary: a *regime* is one body of law (GACA, EU261, UK261); a *cause* is cancelled, delayed or
denied boarding; a *claim* is what a booking is owed for one flight, by passenger. It is *assessed*
by rule, *offered* once its cause can no longer be withdrawn, *accepted* by the passengers with the
account that it is paid to, and *paid*, or taken as travel credit; or *withdrawn*.

C1  A passenger has one claim for a flight, for one cause, however often and in whichever order the
    facts are reported.
C2  What is claimed reduces revenue (4900) and is owed (2500) from the assessment on; a later
    assessment posts the difference.
C3  An accepted claim is not assessed again, and is paid once.
C4  Amounts come from the regime that was in force on the day of the flight. They are values of
    public sources that the airline has to confirm.
"""
