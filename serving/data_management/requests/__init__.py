"""What all endpoints share: a request becomes one transaction and one answer."""
