"""The effort that hypothesis makes in unit tests; none of them has a time limit."""

from tests.support import hypothesis_profile

hypothesis_profile.load()
