"""`brushctl learn --check-only`: what is amiss with pairs, and nothing learned from them."""

import numpy as np

from brushctl.tiny.world.pictures import draw_picture
from tests.cli.shell import save


def test_the_check_alone_loads_no_model_and_prints_each_pair(shell):
    told = shell.json("learn", "pairs", "--check-only")
    assert [pair["name"] for pair in told["pairs"]] == ["0", "1", "2"]
    assert [finding["kind"] for finding in told["findings"]] == ["few"]
    assert "fine" in shell.text("learn", "pairs", "--check-only")


def test_the_check_alone_says_by_its_status_that_pairs_cannot_be_learned_from(shell):
    (shell.folder / "pairs/after/1.png").write_bytes(b"no picture")
    assert "unreadable" in str(shell.json("learn", "pairs", "--check-only", status=2))


def test_the_check_alone_finds_no_shift_that_is_to_be_aligned(shell):
    pixels = draw_picture(np.random.default_rng(7), 96).pixels
    save(shell.folder / "pairs/after/1.png", np.roll(pixels, 5, axis=1) * 0.5)
    save(shell.folder / "pairs/before/1.png", pixels)
    for how, shifted in (((), True), (("--align",), False)):
        findings = shell.json("learn", "pairs", "--check-only", *how)["findings"]
        assert ("shifted" in {finding["kind"] for finding in findings}) is shifted
