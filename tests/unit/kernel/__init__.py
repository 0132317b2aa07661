"""What all contexts share: money, entries, identifiers, the immutable map."""
