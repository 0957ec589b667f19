"""Before/after pairs: found, checked, aligned, loaded."""
