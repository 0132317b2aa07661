"""The effort that hypothesis makes in this folder."""

from tests.support import hypothesis_profile

hypothesis_profile.load()
