"""The evidence for a dispute as pages to upload or print.

printer: draws it with the library and the letters of boarding passes
"""
