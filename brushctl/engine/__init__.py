"""The only room where torch, diffusers, transformers and open_clip are named."""
