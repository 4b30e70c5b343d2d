"""Tables -> the rows that models take, as of what was known."""
