"""Numbers of the documents of extras (EMD): thirteen digits as a ticket's, from a range apart.

A digit from 4 to 7 follows the airline's code, with tickets one from 0 to 3. Both are made from
serials of one stock, so that a number is given out only once.
"""

from domain.kernel import ids

SERIALS_FROM = 4 * 10**9


def document_number(airline_code: str, serial: int) -> str:
    """Return the number of an extra's document."""
    assert 0 < serial < SERIALS_FROM
    return ids.ticket_number(airline_code, SERIALS_FROM + serial)
