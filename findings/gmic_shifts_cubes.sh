#!/usr/bin/env bash
# G'MIC 2.9.4: `map_clut` shifts the colours of a table that changes none.
#
# A table of n nodes along each channel has its last at 255: a level x lies at x (n - 1) / 255
# (Adobe, Cube LUT Specification 1.0). G'MIC reads as if it lay at x n / 256, or near that.
#
# Expected: a grey ramp through an identity table comes back as it was. Seen: lighter by up to
# 14 levels with 17 nodes, 7 with 33, 3 with 65, and not at all with 256.
# Needs: gmic (Debian), Python 3 with numpy and Pillow.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
for nodes in 17 33 65; do
    python3 - "$nodes" <<'P'
import sys

import numpy as np
from PIL import Image

n = int(sys.argv[1])
nodes = np.stack(np.meshgrid(*[np.linspace(0, 1, n)] * 3, indexing="ij"), -1)[..., ::-1]
rows = "\n".join("%.6f %.6f %.6f" % tuple(row) for row in nodes.reshape(-1, 3))
open("identity.cube", "w").write(f"LUT_3D_SIZE {n}\n{rows}\n")
Image.fromarray(np.tile(np.arange(256, dtype=np.uint8)[None, :, None], (4, 1, 3))).save("ramp.png")
P
    for more in "" "-resize[1] 256,256,256,3,3"; do
        # shellcheck disable=SC2086  # words
        gmic -v -1 ramp.png -input_cube identity.cube $more -map_clut[0] [1] -rm[1] \
            -cut 0,255 -round -o out.png
        python3 - "$nodes nodes ${more:-as they are}" <<'P'
import sys

import numpy as np
from PIL import Image

off = np.asarray(Image.open("out.png"), int) - np.arange(256)[None, :, None]
print(f"{sys.argv[1]}: from {off.min()} to {off.max()} levels")
P
    done
done
