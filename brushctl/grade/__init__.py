"""The colour part of an edit."""
