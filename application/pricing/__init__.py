"""Search, prices and quotes of journeys.

search_journeys: one way or there and back, direct or with one change
find_flights: departures with the price of one adult
find_connections: journeys of two flights with the price of one adult
fare_conditions: what changing, cancelling and missing a flight costs, and baggage
read_price_calendar: the lowest price of each day around a date
list_routes: the routes that are flown, and their airports
read_seats: the seat map of a flight with prices
read_extras: what can be bought with a flight
quote_journey: quote a journey for a party
journeys: the price of a journey on flights as they are now
seat_extras: seats that are sold as extras
extra_prices: what extras cost under the versions that they are sold under
quotes: journey quotes, which are signed and expire
signed_quotes: quotes of any kind: the id contains the quote and its signature
ports: what these use cases need from outside
"""
