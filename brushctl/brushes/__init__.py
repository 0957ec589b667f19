"""Brushes: the .brush file, its metadata, the user's brush cache, mixing."""
