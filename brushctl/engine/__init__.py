"""The only room where torch, diffusers, transformers and open_clip are named."""

import os

# OpenMP's threads wait for each other by spinning. When a core is shared with another program the
# wait can be for a thread that is not running, and a small model becomes ten times slower; this
# bounds the spinning (iterations), at some cost on an idle machine. Read when torch is loaded.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")
