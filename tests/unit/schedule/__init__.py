"""The seeded timetable: instants, fares, plausibility; and the airports behind it."""
