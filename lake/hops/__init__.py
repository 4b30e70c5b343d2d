"""A table gets its rows: from inputs at fixed versions to what is written and recorded."""
