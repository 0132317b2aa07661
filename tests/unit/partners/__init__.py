"""Rules of deliveries to partners."""
