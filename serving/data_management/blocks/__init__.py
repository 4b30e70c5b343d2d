"""Blocks of readings as partners send them: read, checked and answered."""
