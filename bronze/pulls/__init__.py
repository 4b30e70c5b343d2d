"""What is fetched from elsewhere -> landing/: a module a kind of place, each with its command."""
