"""A brush inside a model."""
