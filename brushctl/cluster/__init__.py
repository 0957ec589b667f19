"""Many machines: the photographs of one run spread by Ray Data over a pool of editors."""
