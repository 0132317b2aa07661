"""What `ais doctor` concludes from what it finds."""
