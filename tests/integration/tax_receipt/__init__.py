"""Tax documents as pages, as a scanner and a reader of PDF find them."""
