"""Where profile documents are kept, one file a store."""
