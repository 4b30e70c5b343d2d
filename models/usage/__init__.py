"""The use of a year, from what a home is (models.usage_estimates)."""
