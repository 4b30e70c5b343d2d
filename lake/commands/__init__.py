"""Commands of ``lake`` that have a file of their own; ``lake.cli`` puts them together."""
