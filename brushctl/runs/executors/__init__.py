"""What does the work: threads of this process, or a Ray cluster."""
