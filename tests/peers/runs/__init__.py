"""What concerns a whole run of the tests: the order, and what is left afterwards."""
