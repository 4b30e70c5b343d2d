"""Bulk jobs: a file of any size, from upload to landing."""
