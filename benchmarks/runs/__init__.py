"""What runs over many photographs cost, on one machine and on many."""
