"""Search, prices and quotes of journeys.

find_flights: departures with the price of one adult
read_seats: the seat map of a flight with prices
quote_journey: quote a journey for a party
journeys: the price of a journey on flights as they are now
seat_extras: seats that are sold as extras
quotes: journey quotes, which are signed and expire
signed_quotes: quotes of any kind: the id contains the quote and its signature
ports: what these use cases need from outside
"""
