"""What the commands cost: time and memory, next to other ways to the same."""
