"""Work that is due by time: lapsed holds, late money, open outcomes."""
