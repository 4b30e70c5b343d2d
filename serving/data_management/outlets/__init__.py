"""The ways out for acknowledged readings, one file a way."""
