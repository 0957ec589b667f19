"""What a photograph carries beside its pixels."""
