"""`brushctl apply --engine ray`: photographs in object storage, with a real S3 server."""

import io
import json
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest
import s3fs

from brushctl.app import apply as applying
from brushctl.app.machines import Machines
from brushctl.brushes.file import decode_brush, write_brush
from brushctl.cli.app import main
from brushctl.runs.executors import ray as running
from brushctl.runs.executors.ray import Pool
from brushctl.runs.records import Fault, Record, Source
from tests.brushes.makers import graded
from tests.cli.apply.test_apply_again import nearly_full
from tests.photos import makers
from tests.photos.brushes import make_brush
from tests.photos.driver import ToneEditor, tone_engine

ENOUGH = 4


def tone_editor(brush: bytes, _settings: dict) -> AbstractContextManager[ToneEditor | None]:
    """What each process opens in place of the engine; nothing where a brush needs no model."""
    return ToneEditor() if decode_brush(brush).metadata.instruction else nullcontext(None)


class Shell:
    """Runs `brushctl apply` in a folder of its own."""

    def __init__(self, folder: Path, capture: pytest.CaptureFixture[bytes]) -> None:
        self.folder, self.capture = folder, capture
        make_brush(folder / "dusk.brush")

    def run(self, *arguments: str, status: int = 0, brush: str = "dusk.brush") -> list[dict]:
        """The events of a run, or its error, once it has ended with the status expected."""
        command = ["brushctl", "apply", brush, *arguments, "--json"]
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(self.folder)
            patch.setenv("BRUSHCTL_HOME", str(self.folder / "home"))
            patch.setattr(sys, "argv", command)
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO()))
            patch.setattr(applying, "open_editor_of", tone_editor)
            patch.setitem(sys.modules, "brushctl.engine.sampler", tone_engine())
            self.capture.readouterr()
            with pytest.raises(SystemExit) as ended:
                main()
        out, err = self.capture.readouterr()
        assert (ended.value.code or 0) == status, err.decode()
        whole = status in (0, 3, 4)
        return [json.loads(line) for line in (out.splitlines() if whole else [out])]


@pytest.fixture
def shell(tmp_path, capfdbinary) -> Shell:
    for n in range(ENOUGH):
        path = tmp_path / f"in/{n % 2}/{n}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        makers.write_jpeg(path, makers.picture(seed=n))
    return Shell(tmp_path, capfdbinary)


@pytest.fixture
def archive(s3, shell, request) -> Iterator[str]:
    """The URL of a folder in the bucket with the photographs, and one that is none."""
    system, url = s3fs.S3FileSystem(), f"{s3}/{request.node.name}"
    system.put(f"{shell.folder}/in/", f"{url}/in/", recursive=True)
    system.pipe_file(f"{url}/in/bad.jpg", b"no photograph")
    yield url
    system.rm(url, recursive=True)


@pytest.mark.usefixtures("ray")
def test_results_in_a_bucket_are_the_bytes_that_one_machine_writes(shell, archive):
    shell.run("in", "-o", "alone")
    *files, summary = shell.run(
        f"{archive}/in", "-o", f"{archive}/out", "--engine", "ray", status=3
    )
    assert sorted(f["status"] for f in files) == ["done"] * ENOUGH + ["failed"]
    assert (summary["done"], summary["failed"]) == (ENOUGH, 1)
    system = s3fs.S3FileSystem()
    system.invalidate_cache()
    for path in sorted((shell.folder / "alone").rglob("*.jpg")):
        name = path.relative_to(shell.folder / "alone")
        assert system.cat_file(f"{archive}/out/{name}") == path.read_bytes()
    tried, again = shell.run(f"{archive}/in", "-o", f"{archive}/out", "--engine", "ray", status=3)
    assert (tried["status"], tried["tried"]) == ("failed", False)
    assert (again["done"], again["unchanged"], again["failed"]) == (0, ENOUGH, 1)


@pytest.mark.usefixtures("ray")
def test_a_grade_makes_the_bytes_on_a_cluster_that_one_machine_writes(shell):
    look = graded("look", groups=("tones", "place", "surroundings"))
    write_brush(look, shell.folder / "look.brush")
    shell.run("in", "-o", "alone", brush="look.brush")
    *_, summary = shell.run("in", "-o", "there", "--engine", "ray", brush="look.brush")
    assert summary["done"] == ENOUGH
    for path in (shell.folder / "alone").rglob("*.jpg"):
        there = shell.folder / "there" / path.relative_to(shell.folder / "alone")
        assert there.read_bytes() == path.read_bytes()


@pytest.mark.slow
@pytest.mark.usefixtures("ray")
def test_what_changes_in_a_bucket_is_edited_again(shell, archive):
    arguments = (f"{archive}/in/*/*.jpg", "-o", f"{archive}/out", "--engine", "ray")
    assert shell.run(*arguments)[-1]["done"] == ENOUGH
    system = s3fs.S3FileSystem()
    system.put_file(f"{shell.folder}/in/1/1.jpg", f"{archive}/in/0/0.jpg")
    system.rm_file(f"{archive}/out/1/3.jpg")
    planned = {
        e["source"].rpartition("/")[2]: e["action"] for e in shell.run(*arguments, "--dry-run")
    }
    assert planned == {"0.jpg": "edit", "1.jpg": "keep", "2.jpg": "keep", "3.jpg": "edit"}
    assert shell.run(*arguments)[-1]["done"] == 2


def test_a_strange_file_in_a_bucket_is_not_replaced(shell, archive):
    s3fs.S3FileSystem().pipe_file(f"{archive}/out/0/0.jpg", b"somebody's")
    (told,) = shell.run(f"{archive}/in", "-o", f"{archive}/out", "--engine", "ray", status=2)
    assert told["error"]["code"] == "plan"


@pytest.mark.slow
@pytest.mark.usefixtures("ray")
def test_a_run_from_a_bucket_into_a_folder_goes_on_from_its_journal(shell, archive):
    arguments = (f"{archive}/in/0", "-o", "out", "--engine", "ray")
    assert shell.run(*arguments)[-1]["done"] == 2
    assert sorted(p.name for p in (shell.folder / "out").glob("*.jpg")) == ["0.jpg", "2.jpg"]
    assert shell.run(*arguments)[-1]["unchanged"] == 2


@pytest.mark.slow
@pytest.mark.usefixtures("ray")
def test_a_bucket_s_run_by_one_process_is_gone_on_with_by_a_cluster(shell, archive):
    arguments = (f"{archive}/in/*/*.jpg", "-o", f"{archive}/out")
    assert shell.run(f"{archive}/in/0", "-o", f"{archive}/out/0")[-1]["done"] == 2
    assert shell.run(*arguments, "--overwrite")[-1]["done"] == ENOUGH
    assert shell.run(*arguments, "--engine", "ray")[-1]["unchanged"] == ENOUGH
    page = ("--engine", "ray", "--seed", "1", "--report", "page.html")
    assert shell.run(*arguments, *page)[-1]["done"] == ENOUGH
    assert (shell.folder / "page.html").read_text().count("data:image/jpeg") == 2 * ENOUGH


@pytest.mark.usefixtures("ray")
def test_local_files_go_on_from_the_journal_of_the_other_engine(shell):
    shell.run("in/0", "-o", "out")
    last = shell.run("in/0", "in/1", "-o", "out", "--engine", "ray", "--workers", "1")[-1]
    assert (last["done"], last["unchanged"]) == (2, 2)
    assert shell.run("in/0", "in/1", "-o", "out")[-1]["unchanged"] == ENOUGH


@pytest.mark.parametrize(
    "arguments",
    [
        ("s3://archive/x", "--in-place"),
        ("in", "-o", "out", "--engine", "ray", "--watch"),
        ("in", "--in-place", "--engine", "ray"),
        ("nosuch://archive/x", "-o", "out", "--engine", "ray"),
        ("file:///nowhere/at/all", "-o", "out", "--engine", "ray"),
    ],
    ids=" ".join,
)
def test_what_a_cluster_cannot_do_is_refused(shell, s3, arguments):
    s3fs.S3FileSystem().pipe_file(f"{s3}/x/1.jpg", b"x")
    shell.run(*arguments, status=2)
    assert not (shell.folder / "out").exists()


@pytest.mark.parametrize("options", [(), ("--dry-run",)], ids=" ".join)
def test_one_picture_by_url_makes_no_folder_of_a_picture_s_name(shell, options):
    arguments = (f"file://{shell.folder}/in/0/0.jpg", "-o", "out.png", "--engine", "ray", *options)
    (told,) = shell.run(*arguments, status=2)
    assert "output folder" in told["error"]["what"]
    assert not (shell.folder / "out.png").exists()


def test_a_folder_for_results_by_url_is_looked_at_before_any_work(shell, archive, monkeypatch):
    arguments = (f"{archive}/in", "--engine", "ray")
    (shell.folder / "file").touch()
    (told,) = shell.run(*arguments, "-o", "file", status=2)
    assert "not a folder" in told["error"]["what"]
    nearly_full(monkeypatch, 1)
    (told,) = shell.run(*arguments, "-o", f"file://{shell.folder}/out", status=2)
    assert "free" in told["error"]["what"]


@pytest.mark.parametrize("able", [False, True])
def test_every_process_is_given_one_number_format(shell, monkeypatch, able):
    """That of the process that hands out, unless there are GPUs or the command line has one."""
    monkeypatch.setattr("torch.cpu.get_capabilities", lambda: {"avx512_bf16": able})
    given: list[str] = []
    cpu, gpu = Pool(), Pool(gpus=1)
    for pool, options in ((cpu, ()), (gpu, ()), (cpu, ("--dtype", "float16"))):
        monkeypatch.setattr(Machines, "joined", lambda *_, pool=pool: nullcontext(pool))
        monkeypatch.setattr(running, "edit_on_cluster", noting(given))
        shell.run("in", "-o", "out", "--engine", "ray", *options, status=4)
    assert given == ["bfloat16" if able else "float32", "bfloat16", "float16"]


def noting(given: list[str]):
    """A cluster that edits nothing, and notes the number format that its editors would have."""

    def edit(_plan, jobs, opener, *_args, **_how):
        given.append(opener.args[1]["dtype"])
        fault = Fault("unexpected", "not tried")
        return [Record(job.key, "failed", {}, Source(), error=fault) for job in jobs]

    return edit
