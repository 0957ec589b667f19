"""From the model's size to the photograph's own."""
