"""The use cases of flights and their seats, for operations staff.

schedule_flight: put a departure on sale
change_equipment: change the aircraft of a flight
reschedule_flight: change the times of a flight
reinstate_flight: a cancelled flight operates after all
cancel_flight: cancel a flight
depart_flight: record that a flight has departed
withdraw_departure: it has not, the departure was recorded by mistake
operated_flight: a flight as operations staff see it
operation_notes: why a flight changes, with the words of staff sealed
flights: loads a flight, within a decision or from the log
cabin_plan: the cabins of an aircraft as staff plan them
airports: an airport with its position and time zone
ports: what these use cases need from outside
import_season: load a season's schedule, by the use cases above
export_season: write what is on sale as a schedule
season_ports: what both need from outside
season_files: a schedule as a file, of whatever form
fleet: aircraft and fares that a schedule is sold with
fleet_file: the form in which they are given
seed_network: the timetable of the demo
seed_schedule: a week of departures of the demo
"""
