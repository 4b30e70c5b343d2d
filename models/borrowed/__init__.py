"""Forecasts of homes with little history, from homes like them."""
