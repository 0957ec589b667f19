"""The figures the paper prints: measured on InstructPix2Pix and TOP-Bench itself."""

Figures = tuple[float, float, float, float]
"""PSNR in dB, SSIM, LPIPS on AlexNet, CLIP direction."""

TEN_SHOTS: dict[tuple[str, str], Figures] = {
    ("ip2p", "global"): (16.10, 0.5467, 0.2810, 0.2997),
    ("visii", "global"): (15.87, 0.4947, 0.3866, 0.3938),
    ("instructbrush", "global"): (18.66, 0.5842, 0.2526, 0.2798),
    ("ip2p", "local"): (20.12, 0.7701, 0.1648, 0.5236),
    ("visii", "local"): (18.76, 0.7157, 0.2585, 0.2560),
    ("instructbrush", "local"): (23.26, 0.8297, 0.1143, 0.3576),
    ("ip2p", "all"): (17.87, 0.6450, 0.2298, 0.3982),
    ("visii", "all"): (17.14, 0.5919, 0.3303, 0.3332),
    ("instructbrush", "all"): (20.68, 0.6922, 0.1918, 0.3140),
    ("wo-attn", "all"): (19.56, 0.6709, 0.2179, 0.3124),
    ("wo-time", "all"): (19.64, 0.6656, 0.2271, 0.2910),
    ("wo-init", "all"): (20.22, 0.6841, 0.2018, 0.3747),
}
"""Tables 1 and 2, by method and split."""

ONE_SHOT: dict[tuple[str, str], Figures] = {
    ("ip2p", "global"): (16.10, 0.5467, 0.2810, 0.2997),
    ("visii", "global"): (16.01, 0.5071, 0.3692, 0.2909),
    ("instructbrush", "global"): (17.79, 0.5761, 0.2748, 0.3008),
    ("ip2p", "local"): (20.12, 0.7701, 0.1648, 0.5236),
    ("visii", "local"): (19.73, 0.7293, 0.2309, 0.5736),
    ("instructbrush", "local"): (23.08, 0.8270, 0.1172, 0.4790),
    ("ip2p", "all"): (17.87, 0.6450, 0.2298, 0.3982),
    ("visii", "all"): (17.65, 0.6049, 0.3083, 0.4153),
    ("instructbrush", "all"): (20.11, 0.6865, 0.2055, 0.3792),
}
"""Table 4."""


def printed(method: str, split: str, shots: int) -> Figures | None:
    """What the paper prints for a method, if it does; its recipe is its only one."""
    table = {10: TEN_SHOTS, 1: ONE_SHOT}.get(shots, {})
    return table.get((method.removesuffix("-paper"), split))
