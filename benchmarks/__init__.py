"""Measurements of the running software; each file says its command and what it prints."""
