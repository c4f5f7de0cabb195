"""Terms of a subscription by command."""

import pytest
from typer.testing import CliRunner

from cauce.cli import app
from cauce.database import Database, Role
from tests.conftest import make_person_in

WHO = "ana@example.com"


def test_the_terms_of_a_subscription_change_by_command(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cauce.cli.subscription.open_database", lambda: db)
    person = make_person_in(db, WHO)
    with db.transaction(Role.OWNER) as conn:
        conn.execute("UPDATE users SET subscription_tier = 'PRO' WHERE id = %s", (person,))

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(app, ["subscription", *arguments])
        return done.stdout if done.exit_code == 0 else str(done.exception)

    assert run("interval", WHO, "year") == f"{WHO}: PRO, active, 4,990.00 MXN a year\n"
    assert "'day' is no interval" in run("interval", WHO, "day")
    assert run("pause", WHO) == f"{WHO}: PRO, paused, 4,990.00 MXN a year\n"
    assert "is paused already" in run("pause", WHO)
    assert run("resume", WHO) == f"{WHO}: PRO, active, 4,990.00 MXN a year\n"
    assert run("cancel", WHO, "--yes") == f"{WHO}: FREE, active, 0.00 MXN a month\n"
    assert [line.split()[:2] for line in run("show", WHO).splitlines()[-4:]] == [
        ["PRO", "active"], ["PRO", "paused"], ["PRO", "active"], ["FREE", "active"],
    ]  # fmt: skip
