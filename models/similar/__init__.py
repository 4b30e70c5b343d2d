"""Which homes are alike (models.similar_homes)."""
