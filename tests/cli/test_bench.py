"""`brushctl bench` from pictures to tables, and what it does not do twice."""

import json
import re

import pytest

from brushctl.bench import cases
from tests.cli.shell import Shell

SMALL = ("--effects", "midnight", "--methods", "nothing,instructbrush", "--limit", "2",
         "--steps", "2", "--shots", "2", "--work", "work")  # fmt: skip


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("bench")


@pytest.fixture
def shell(root, capfdbinary, monkeypatch):
    monkeypatch.setattr(cases, "GRID", (cases.Scales(1, 1),))
    return Shell(root, capfdbinary)


def test_it_measures_every_method_and_guidance(shell):
    told = shell.json("bench", *SMALL, "--results", "figures.json", "--sheet", "sheet.png")
    rows = {(row["method"], row["split"], row["guidance"]): row for row in told["rows"]}
    assert set(rows) == {
        ("nothing", "global", "best"),
        ("nothing", "all", "best"),
        *(("instructbrush", s, g) for s in ("global", "all") for g in ("best", "paper")),
    }
    nothing = rows["nothing", "all", "best"]
    assert nothing["psnr"] < 20
    assert (nothing["direction"], nothing["effects"], nothing["shots"]) == (1, 1, 2)
    assert set(nothing) >= {"psnr", "ssim", "perceptual", "direction"}
    assert told["measures"]["perceptual"] in {"tiny-clip-tower", "lpips-alex"}
    assert re.fullmatch("[0-9a-f]{64}", told["base"]["model_sha256"])
    assert told["device"] == "cpu"
    assert [len(run["psnr"]) for case in told["cases"] for run in case["runs"]] == [2, 2, 2]
    kept = json.loads((shell.folder / "figures.json").read_text())
    assert kept["command"].startswith("brushctl bench --effects midnight")
    assert kept["rows"] == told["rows"]
    assert (shell.folder / "sheet.png").is_file()


def test_a_case_that_is_done_is_not_done_again(shell, monkeypatch):
    def never(*_):
        raise AssertionError("this case was done")

    monkeypatch.setattr("brushctl.bench.running.run_case", never)
    shell.json("bench", *SMALL)


def test_a_case_under_other_settings_is_another(shell, monkeypatch):
    asked = []

    def noted(_evaluator, _effect, method, _shots, **_how):
        asked.append(method)
        raise KeyboardInterrupt

    monkeypatch.setattr("brushctl.bench.running.run_case", noted)
    shell.run("bench", *SMALL, "--seed", "1", status=130)
    assert asked == ["nothing"]


def test_report_only_shows_what_is_done_and_runs_nothing(shell, monkeypatch):
    def never(*_, **_how):
        raise AssertionError("nothing is to be run")

    monkeypatch.setattr("brushctl.bench.running.run_case", never)
    more = [x if x != "nothing,instructbrush" else f"{x},visii" for x in SMALL]
    told = shell.json("bench", *more, "--report-only", "--sheet", "part.png")
    assert {row["method"] for row in told["rows"]} == {"nothing", "instructbrush"}
    assert (shell.folder / "part.png").is_file()
    _, err = shell.run("bench", *SMALL, "--seed", "1", "--report-only", status=2)
    assert "nothing is done yet" in err


@pytest.mark.parametrize("sheet", ["sheet.foo", "taken/sheet.png"])
def test_a_sheet_that_cannot_be_written_is_refused_before_anything_is_run(shell, sheet):
    (shell.folder / "taken").write_bytes(b"a file")
    _, err = shell.run("bench", *SMALL, "--work", "elsewhere", "--sheet", sheet, status=2)
    assert "PNG" in err or "not a folder" in err
    assert not (shell.folder / "elsewhere").exists()


def test_a_format_without_gradients_is_refused_before_anything_is_run(shell):
    _, err = shell.run("bench", *SMALL, "--work", "elsewhere", "--dtype", "float16", status=2)
    assert "gradients vanish" in err
    assert not (shell.folder / "elsewhere").exists()


def test_tables_name_substitutes_apart_from_the_papers_measures(shell):
    text = shell.text("bench", *SMALL)
    assert "tiny-ip2p, 2-shot" in text
    assert "instructbrush" in text
    heading = text[: text.index("TOP-Global")]
    assert "LPIPS" not in heading
    assert "tower" in heading


def test_the_report_needs_no_other_file(shell):
    shell.run("bench", *SMALL, "--quiet")
    page = (shell.folder / "work/report.html").read_text()
    assert page.count("data:image/png;base64,") == 2 * 4  # before, truth, two methods
    assert "http" not in page
    assert "src=" not in page.replace('src="data:', "")


@pytest.mark.parametrize("option", ["--effects", "--methods"])
def test_unknown_names_are_refused_with_the_known_ones(shell, option):
    _, err = shell.run("bench", option, "midnight,nonsense", status=2)
    assert "nonsense" in err
    assert "Choose from" in err
