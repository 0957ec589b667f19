"""Learning an instruction."""
