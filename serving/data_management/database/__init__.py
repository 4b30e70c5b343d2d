"""The operational state: its engine, its types, its migrations."""
