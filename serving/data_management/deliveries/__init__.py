"""Webhooks on their way: events, signatures, attempts."""
