"""The one API version we speak: requests pin it, events of any other are ignored."""

API_VERSION = "2026-10-28.endive"
