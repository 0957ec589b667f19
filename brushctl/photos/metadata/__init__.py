"""What a photograph carries with its pixels."""
