"""Who reads what of the published marts: each denial beside what is allowed."""

import psycopg
import pytest

from cauce.database import Database, Role
from tests.conftest import sign_in_to
from tests.dbt_project.test_models import READERS
from tests.expectations.world import ADMIN, ANA, BETO, id_of, rows

PERSONAL = [mart for mart, readers in READERS.items() if "user" in readers]
NOT_ADMIN = [mart for mart, readers in READERS.items() if "admin" not in readers]


def _people(database: Database, role: Role, mart: str, token: str | None = None) -> set[str]:
    with database.transaction(role, session_token=token) as conn:
        return {str(row[0]) for row in conn.execute(f"SELECT DISTINCT user_id FROM marts.{mart}").fetchall()}


@pytest.mark.parametrize("mart", PERSONAL)
def test_a_person_reads_their_rows_and_no_others(world: Database, mart: str) -> None:
    assert _people(world, Role.USER, mart, sign_in_to(world, ANA)) == {str(id_of(world, ANA))}
    assert _people(world, Role.USER, mart, sign_in_to(world, BETO)) == {str(id_of(world, BETO))}


@pytest.mark.parametrize("token", [None, "", "forged"])
def test_nobody_reads_nothing(world: Database, token: str | None) -> None:
    assert _people(world, Role.TRANSFORM, "billing_monthly")
    for mart in PERSONAL:
        assert _people(world, Role.USER, mart, token) == set()


def test_a_person_cannot_name_another(world: Database) -> None:
    with world.transaction(Role.USER, session_token=sign_in_to(world, ANA)) as conn:
        query = "SELECT count(*) FROM marts.adherence_daily WHERE user_id = %s"
        assert conn.execute(query, (id_of(world, ANA),)).fetchone() == (6,)
        assert conn.execute(query, (id_of(world, BETO),)).fetchone() == (0,)


@pytest.mark.parametrize("role", [Role.ADMIN, Role.ANALYST])
def test_reviewers_read_usage_of_all(world: Database, role: Role) -> None:
    everybody = _people(world, Role.TRANSFORM, "usage_daily")
    assert len(everybody) == 12
    assert _people(world, role, "usage_daily") == _people(world, role, "billing_monthly") == everybody


@pytest.mark.parametrize("role", [Role.ADMIN, Role.ANALYST])
@pytest.mark.parametrize("mart", NOT_ADMIN)
def test_reviewers_read_no_row_of_money_or_health(world: Database, role: Role, mart: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege), world.transaction(role) as conn:
        conn.execute(f"SELECT count(*) FROM marts.{mart}")


@pytest.mark.parametrize("mart", ["cash_flow_population", "adherence_population"])
def test_population_figures_are_for_reviewers(world: Database, mart: str) -> None:
    for role in (Role.ADMIN, Role.ANALYST):
        assert rows(world, f"SELECT min(people) FROM marts.{mart}", role) == [(12,)]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        rows(world, f"SELECT 1 FROM marts.{mart}", Role.USER)


def test_an_admin_signed_in_as_a_person_has_no_more_than_that(world: Database) -> None:
    assert _people(world, Role.USER, "usage_daily", sign_in_to(world, ADMIN)) == set()


@pytest.mark.parametrize("role", [Role.USER, Role.ADMIN, Role.ANALYST, Role.INGEST, Role.SIGN_IN])
def test_what_is_not_published_is_read_by_nobody(world: Database, role: Role) -> None:
    for table in ("intermediate.int_usage_daily", "staging.stg_transactions"):
        assert rows(world, f"SELECT count(*) > 0 FROM {table}") == [(True,)]
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            rows(world, f"SELECT 1 FROM {table}", role)


@pytest.mark.parametrize("role", [Role.USER, Role.ADMIN, Role.ANALYST])
def test_readers_cannot_write_marts(world: Database, role: Role) -> None:
    with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.ReadOnlySqlTransaction)):
        rows(world, "DELETE FROM marts.billing_monthly RETURNING 1", role)
