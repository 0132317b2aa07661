"""What all contexts share: money, entries, identifiers, sealed data, events and rejections."""
