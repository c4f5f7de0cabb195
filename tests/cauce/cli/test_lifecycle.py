from pathlib import Path
from uuid import uuid4

from tests.cauce.cli.conftest import Cauce


def test_a_person_is_exported_and_erased_by_command(cauce: Cauce, tmp_path: Path) -> None:
    assert cauce("link", "ana@example.com", "--create-user").returncode == 0
    archive = tmp_path / "ana.zip"
    exported = cauce("person", "export", "ana@example.com", "-o", str(archive))
    assert exported.returncode == 0, exported.stderr
    assert archive.exists()
    refused = cauce("person", "erase", "ana@example.com")
    assert refused.returncode != 0
    file = tmp_path / "inbox" / "Ana@example.com" / "a.csv"
    file.parent.mkdir(parents=True)
    file.write_text("not read\n")
    (file.parent.parent / "b.csv").write_text("of nobody\n")
    erased = cauce("person", "erase", "ana@example.com", "--yes")
    assert erased.returncode == 0, erased.stderr
    assert f"{file} is still there: delete it" in erased.stdout
    assert erased.stdout.count("still there") == 1
    left = cauce("ingest", str(file))
    assert (left.returncode, "a.csv: not loaded: its person was erased on" in left.stdout) == (0, True)
    assert "the audit log knows them as" in erased.stdout
    assert "inbox" in erased.stdout
    assert "nobody has this address" in cauce("person", "erase", "ana@example.com", "--yes").stdout
    assert "nobody has the address" in cauce("person", "export", "ana@example.com").stderr


def test_what_stores_have_to_delete_is_listed_and_taken_off_by_command(cauce: Cauce) -> None:
    assert cauce("deletions", "list").stdout == "0 to delete\n"
    assert cauce("deletions", "list", "--json").stdout == "[]\n"
    assert cauce("deletions", "done", str(uuid4())).stdout == "0 taken off the list\n"


def test_retention_and_archives_by_command(cauce: Cauce) -> None:
    listed = cauce("retention", "list")
    assert "usage_logs" in listed.stdout
    assert "1 year" in listed.stdout
    for arguments in (("--dry-run",), ()):
        run = cauce("retention", "run", *arguments)
        assert run.returncode == 0, run.stderr
        assert "verification_tokens" in run.stdout
    assert cauce("archive", "list").returncode == 0
    assert cauce("archive", "query", "SELECT count(*) AS calls FROM usage_logs").stdout == "calls\n0\n"
    assert "cannot be answered" in cauce("archive", "query", "SELECT nothing FROM usage_logs").stderr
