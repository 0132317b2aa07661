"""The effort that hypothesis makes in this folder."""

from tests.support import effort

effort.load()
