"""Claims of passengers for cancelled, late and overbooked flights."""
