"""OAuth 2.1 for clients of third parties, by Authlib; the only package that imports it.

protocol: what OAuth requires of requests and answers, and the errors that it may give
grants: the grants that we offer, and how clients prove who they are
"""
