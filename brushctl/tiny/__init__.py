"""The embedded base model: the procedural world, its training recipe, its weights."""
