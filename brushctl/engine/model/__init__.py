"""The base model: found, loaded, told apart."""
