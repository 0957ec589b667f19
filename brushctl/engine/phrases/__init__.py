"""Words for an edit."""
