"""Rows that wait for a person, what the person decides, and the line that is sent instead."""
