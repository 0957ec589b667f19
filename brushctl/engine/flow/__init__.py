"""Brushes on diffusion transformers, through the pipelines that diffusers edits pictures with."""
