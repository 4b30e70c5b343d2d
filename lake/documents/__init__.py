"""Documents that are made of the code: dictionary, ODCS contracts, the page of settings."""
