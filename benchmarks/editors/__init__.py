"""Brushes on transformer editors: proofs on small random pipelines, and what large ones take."""
