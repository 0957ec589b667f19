"""What holds of URLs alone: requests, protocols, the errors of storages, segments of a journal."""

import errno
import fcntl
import sys
import time

import pytest

fsspec = pytest.importorskip("fsspec")
s3fs = pytest.importorskip("s3fs")

from fsspec.implementations.memory import MemoryFileSystem  # noqa: E402

from brushctl.errors import PhotoError, PlanError, StorageError, UsageError  # noqa: E402
from brushctl.runs.inputs import find_inputs  # noqa: E402
from brushctl.runs.plan import STATE, plan_folder, plan_in_place  # noqa: E402
from brushctl.runs.records import Record, Source, Stat  # noqa: E402
from brushctl.runs.storage import base  # noqa: E402
from brushctl.runs.storage.base import storage_of  # noqa: E402
from brushctl.runs.storage.segments import SegmentedJournal, read_segments  # noqa: E402
from tests.runs.places import BucketPlace  # noqa: E402
from tests.runs.test_locking import answering  # noqa: E402

SENT = {"settings": {}, "source": Source()}


@pytest.fixture
def bucket(s3, tmp_path, monkeypatch) -> BucketPlace:
    """A folder in a bucket, with photographs in `a` and `b`."""
    monkeypatch.setenv("BRUSHCTL_HOME", str(tmp_path))
    place = BucketPlace(f"{s3}/{tmp_path.name}")
    for name in ("a/1.jpg", "b/1.jpg"):
        place.write(name, b"x")
    return place


def write(url: str, data: bytes, *, overwrite: bool = True) -> Stat:
    output = url.rpartition("/")[0]
    how = {"output": output, "overwrite": overwrite, "naming": pytest.fail}
    return storage_of(url).write(url, data, **how)


def test_a_result_costs_two_requests(bucket, monkeypatch):
    """One to write it and one for its mark, and none for a folder but the first time."""
    asked = []
    call = s3fs.S3FileSystem._call_s3

    async def noted(self, method, *args, **kwargs):
        asked.append(method)
        return await call(self, method, *args, **kwargs)

    monkeypatch.setattr(s3fs.S3FileSystem, "_call_s3", noted)
    for n in range(5):
        write(bucket.name(f"out/{n}.jpg"), b"x")
    assert asked.count("put_object") == asked.count("head_object") == 5
    assert len(asked) <= 5 + 5 + 1


def test_what_is_written_is_told_of_as_a_listing_tells_it(bucket):
    stat = write(bucket.name("out/1.jpg"), b"whole")
    assert stat.mark
    assert stat == storage_of(bucket.url).stats_below(bucket.name("out"))(bucket.name("out/1.jpg"))
    assert stat == storage_of(bucket.url).stat(bucket.name("out/1.jpg"))


def test_a_file_that_has_appeared_is_kept(bucket):
    url = bucket.name("out/1.jpg")
    write(url, b"first", overwrite=False)
    with pytest.raises(
        PhotoError, match="another program has put a file where the result would go"
    ):
        write(url, b"second", overwrite=False)
    assert bucket.read("out/1.jpg") == b"first"


def test_photographs_at_urls_are_not_edited_in_place(bucket):
    with pytest.raises(PlanError, match="--in-place is for paths, not for URLs"):
        plan_in_place(find_inputs([bucket.name("a")]))


def test_an_alias_of_a_protocol_is_no_other_folder(bucket):
    alias = bucket.url.replace("s3://", "s3a://")
    found = find_inputs([bucket.name("a")])
    canonical = storage_of(alias).canonical
    for output in (f"{alias}/a", f"{alias}/a/out"):
        with pytest.raises(PlanError, match=r"(is|lies inside .*,) an input folder"):
            plan_folder(found, canonical(output))
    with pytest.raises(PlanError, match="would replace a photograph"):
        plan_folder(find_inputs([f"{alias}/a/1.jpg"]), canonical(f"{alias}/a/"))
    (job,) = plan_folder(found, canonical(f"{alias}/out/")).jobs
    write(job.target_file, b"x")
    assert bucket.files("out") == ["1.jpg"]


def test_a_link_to_the_folder_of_the_photographs_is_that_folder(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in/1.jpg").write_bytes(b"x")
    (tmp_path / "link").symlink_to("in")
    with pytest.raises(PlanError, match=r"(is|lies inside .*,) an input folder"):
        plan_folder(find_inputs([f"file://{tmp_path}/in"]), tmp_path / "link")
    with pytest.raises(PlanError, match="would replace a photograph"):
        plan_folder(find_inputs([f"file://{tmp_path}/in/1.jpg"]), tmp_path / "link")


def test_a_link_to_a_photograph_is_a_photograph(tmp_path):
    (tmp_path / "photos/2024").mkdir(parents=True)
    (tmp_path / "whole.jpg").write_bytes(b"1234567")
    (tmp_path / "photos/2024/a.jpg").symlink_to(tmp_path / "whole.jpg")
    (tmp_path / "photos/b.jpg").symlink_to(tmp_path / "nowhere.jpg")
    (tmp_path / "photos/c.jpg").symlink_to(tmp_path / "photos/2024")
    url = f"file://{tmp_path}/photos"
    (item,) = find_inputs([f"{url}/*/*.jpg"])
    assert storage_of(item.file).read(item.file) == b"1234567"
    same, gone = find_inputs([url])
    assert same.file == item.file
    with pytest.raises(PhotoError):  # a link to what is not there is told of, as on a disk
        storage_of(gone.file).read(gone.file)


class Shut(MemoryFileSystem):
    """A storage that answers with an error of its own kind, as one without credentials."""

    protocol = "shut"

    def refuse(self, *_args, **_how):
        raise LookupError("Unable to locate credentials")

    find = glob = pipe_file = cat_file = refuse


@pytest.fixture
def shut(tmp_path, monkeypatch) -> str:
    monkeypatch.setenv("BRUSHCTL_HOME", str(tmp_path))
    fsspec.register_implementation("shut", Shut, clobber=True)
    return "shut://archive/out"


REFUSED = r"archive/out.*: the storage refuses \(Unable to locate credentials\)"


def test_a_storage_that_cannot_be_asked_is_no_riddle(shut):
    storage = storage_of(shut)
    for ask in (lambda url: find_inputs([url]), storage.stats_below, storage.records):
        with pytest.raises(StorageError, match=REFUSED):
            ask(shut)
    with pytest.raises(PhotoError, match=REFUSED):
        write(f"{shut}/1.jpg", b"x")


def test_a_journal_that_cannot_be_read_or_written_is_told_of_and_let_go(shut, monkeypatch):
    for _ in range(2):  # busy, if the first had kept its lock
        with pytest.raises(StorageError, match=REFUSED), SegmentedJournal(shut):
            pass
    monkeypatch.setattr(Shut, "find", MemoryFileSystem.find)
    for _ in range(2):
        with pytest.raises(StorageError, match=REFUSED), SegmentedJournal(shut) as journal:
            journal.write(Record("1.jpg", "done", **SENT))


def test_an_endpoint_that_nobody_answers_at_is_told_of(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setattr(s3fs.S3FileSystem, "retries", 1)
    s3fs.S3FileSystem.clear_instance_cache()
    with pytest.raises(StorageError, match="s3://archive/x: the storage refuses"):
        find_inputs(["s3://archive/x"])
    s3fs.S3FileSystem.clear_instance_cache()


def test_a_protocol_that_nothing_here_speaks_is_an_error_of_use():
    with pytest.raises(UsageError, match="nosuch"):
        find_inputs(["nosuch://archive/x"])


def test_without_fsspec_a_url_is_an_error_that_says_what_to_install(monkeypatch):
    monkeypatch.setattr(base, "_remote", base._remote.__wrapped__)
    monkeypatch.setitem(sys.modules, "brushctl.runs.storage.remote", None)
    with pytest.raises(UsageError, match=r"URLs need fsspec, which is not installed.*fsspec"):
        find_inputs(["s3://archive/x"])


def test_of_many_segments_the_last_line_counts(bucket, monkeypatch):
    monkeypatch.setattr("brushctl.runs.storage.segments.TOGETHER", 4)
    with SegmentedJournal(bucket.name("out [1]")) as journal:
        for n in range(10):
            journal.write(Record(f"{n % 3}.jpg", "sent", {"round": n}, Source()))
    records = read_segments(bucket.name("out [1]")).records
    assert [records[f"{n}.jpg"].settings["round"] for n in range(3)] == [9, 7, 8]


def test_each_segment_can_be_read_by_itself(bucket):
    for n in (1, 2):
        with SegmentedJournal(bucket.name("out")) as journal:
            journal.write(Record(f"{n}.jpg", "sent", {"round": 1}, Source()))
    system = bucket.system
    for segment in system.ls(bucket.name(f"out/{STATE}/journal"), detail=False):
        assert system.cat_file(segment).count(b"round") == 1


def test_lines_of_a_journal_do_not_wait_for_the_next(bucket, monkeypatch):
    monkeypatch.setattr("brushctl.runs.storage.segments.LATEST", 0.2)
    with SegmentedJournal(bucket.name("out")) as journal:
        journal.write(Record("1.jpg", "done", **SENT))
        deadline = time.monotonic() + 20
        while not read_segments(bucket.name("out")).records:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_a_home_on_a_share_without_locks_serves_with_a_warning(bucket, tmp_path, monkeypatch):
    monkeypatch.setattr(fcntl, "flock", answering(errno.ENOLCK))
    said = []
    with SegmentedJournal(bucket.name("out"), said.append) as journal:
        journal.write(Record("1.jpg", "sent", **SENT))
    assert str(tmp_path / "locks") in said[0]
    assert list(read_segments(bucket.name("out")).records) == ["1.jpg"]
