"""Forecasts whose parts add up: quarters to hours, hours to days."""
