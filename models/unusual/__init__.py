"""What is unusual of a day, a file for each kind (models.anomalies)."""
