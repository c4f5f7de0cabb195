import gzip
import io
import zipfile

import pytest

from cauce.errors import SkippableError
from ingest import load_file, load_paths, load_upload
from ingest.opening import open_input
from tests.ingest.inputs import counts, event, rows, write_events


@pytest.fixture
def ana(make_person):
    return make_person("ana@example.com")


def test_a_folder_named_like_an_address_names_the_owner_of_what_lies_in_it(db, ana, make_person, tmp_path):
    leo = make_person("leo@example.com")
    write_events(tmp_path / "inbox" / "leo@example.com" / "deep" / "a.jsonl", [event(1, user=None)])
    write_events(tmp_path / "inbox" / "b.jsonl", [event(2, user=None)])
    reports = load_paths(db, [tmp_path / "inbox"], owner_email="ana@example.com")
    assert [counts(r) for r in reports] == [{"read": 1, "loaded": 1}] * 2
    assert rows(db, "SELECT user_id FROM usage_logs ORDER BY event_id") == [leo, ana]


def test_the_owner_of_a_folder_is_made_when_asked_and_waited_for_otherwise(db, tmp_path):
    write_events(tmp_path / "new@example.com" / "a.jsonl", [event(1, user=None)])
    [report] = load_paths(db, [tmp_path])
    assert counts(report) == {"read": 1, "quarantined": 1}
    [report] = load_paths(db, [tmp_path], create_user=True)
    assert counts(report) == {"read": 1, "loaded": 1}


def test_hidden_files_are_left_out_and_a_bad_file_stops_no_other(db, ana, tmp_path):
    write_events(tmp_path / ".git" / "a.jsonl", [event(1)])
    (tmp_path / ".gitkeep").touch()
    (tmp_path / "a.bin").write_bytes(bytes(range(256)))
    (tmp_path / "b.txt").touch()
    write_events(tmp_path / "c.jsonl", [event(2)])
    reports = load_paths(db, [tmp_path])
    assert [(r.file, r.failed) for r in reports] == [("a.bin", True), ("b.txt", True), ("c.jsonl", False)]
    assert "a binary file" in reports[0].message
    assert "an empty file" in reports[1].message
    assert reports[2].loaded == 1


def test_a_missing_file_is_reported_without_its_path(db, tmp_path):
    [report] = load_paths(db, [tmp_path / "gone.jsonl"])
    assert report.failed
    assert str(tmp_path) not in report.message


def packed(name, data):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, content in enumerate(data):
            archive.writestr(f"{number}", content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (gzip.compress(b"x" * 10_000, mtime=0)[:-20], "damaged"),
        (gzip.compress(b"abc" * 500, mtime=0)[:30] + b"garbage" * 9, "damaged"),
        (b"\x28\xb5\x2f\xfdgarbage", "damaged"),
        (packed("two", [b"a", b"b"]), "holds 2 files"),
        (packed("none", []), "holds 0 files"),
        (b"PK\x03\x04 and no more", "damaged"),
    ],
)
def test_a_damaged_archive_is_refused_with_what_to_do(tmp_path, data, message):
    path = tmp_path / "a"
    path.write_bytes(data)
    with pytest.raises(SkippableError, match=message) as caught, open_input(path):
        pass
    assert caught.value.action


def test_an_archive_made_to_fill_the_disk_is_refused(tmp_path):
    path = tmp_path / "a.gz"
    with gzip.open(path, "wb", compresslevel=9) as bomb:
        for _ in range(300):
            bomb.write(bytes(1024 * 1024))
    with pytest.raises(SkippableError, match="times its size"), open_input(path):
        pass


def test_progress_is_told_for_each_file(db, ana, tmp_path):
    told = []
    path = write_events(tmp_path / "a.jsonl", [event(n) for n in range(5)])
    load_file(db, path, on_progress=lambda *what: told.append(what))
    size = path.stat().st_size
    assert told == [("a.jsonl", 5, size, size)]


def test_an_upload_of_domains_it_may_not_bring_is_refused(db, ana, tmp_path):
    path = write_events(tmp_path / "a.jsonl", [event(1, user=None)])
    with path.open("rb") as stream, pytest.raises(SkippableError, match="no known format"):
        load_upload(db, "a.jsonl", stream, owner=ana, domains=("finance", "health"))
    with path.open("rb") as stream:
        assert load_upload(db, "a.jsonl", stream, owner=ana).loaded == 1
