"""What partners register of homes, and how the lake hears of it."""
