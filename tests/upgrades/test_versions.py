"""A database of each landed version is upgraded: all values stay, the schema is a new one's."""

import gzip
import os
import re
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection, connections
from django.db.migrations import RenameField
from django.db.migrations.loader import MigrationLoader
from django.db.utils import load_backend
from pytest_django import Settings

from dashboard.ledger.pack_resources import find_packs_with_wrong_resources
from dashboard.ledger.pack_summaries import find_wrong_summaries
from dashboard.models import Account, Evaluation, Pack, PackSummary, Report, Rule, Status
from dashboard.models.evaluations import FOREVER
from dashboard.queries.home_filter import HomeFilter
from dashboard.queries.search import search_all
from tests.models.test_upgrades import describe_schema
from tests.upgrades.make_versions import ENCRYPTION_KEY, FAILING_PACK, VERSIONS

pytestmark = pytest.mark.django_db(transaction=True)
FOLDER = Path(__file__).resolve().parent / "versions"
CASTS = re.compile(r"::character varying|::text(\[\])?|[()]")
Row = dict[str, Any]
TableRows = dict[str, dict[Any, Row]]
# Columns of reports that migrations have removed or computed again, and when.
REMOVED_COLUMNS = {"new", "fixed", "gone", "notes"}  # 0006, 0010
RATE_COLUMNS = {
    *("rated_compliant", "rated_failing", "resources_compliant", "resources_failing"),
    "resources_source",
}  # 0007, 0016


# Both rates of the ready reports, by time: (evaluations, resources, source of the resource rate).
RATES = [
    ((8, 3), (2, 2), "rows"),
    ((0, 0), (2, 2), "overview"),
    ((8, 4), (0, 4), "rows"),
    ((0, 0), (None, None), ""),
]
# Of earlier versions, `manage.py rebuild` counts the resources; and no report was withdrawn.
RATES_BEFORE_0007 = [
    ((8, 3), (None, None), ""),
    ((0, 0), (2, 2), "overview"),
    ((8, 4), (None, None), ""),
    ((0, 0), (None, None), ""),
    ((12, 0), (None, None), ""),
]


@contextmanager
def load_version(name: str, folder: Path) -> Iterator[None]:
    """Load the dump of a version, and use its database as the database until the block ends."""
    if connection.vendor == "sqlite":
        with use_database(str(load_sqlite_file(name, folder))):
            yield
        return
    dump = gzip.decompress((FOLDER / f"{name}.postgresql.sql.gz").read_bytes()).decode()
    url = os.environ["DATABASE_URL"]
    name = f"ledger_upgrade_{os.getpid()}"
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}"'.encode())
        try:
            own_url = urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
            with psycopg.connect(own_url) as own_connection:
                own_connection.execute(dump.encode())
            with use_database(name):
                yield
        finally:
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


def load_sqlite_file(name: str, folder: Path) -> Path:
    """Write the database of a version into the folder, from its file or its SQL text."""
    path = folder / "ledger.sqlite3"
    kept_file = FOLDER / f"{name}.sqlite3.gz"
    if kept_file.exists():
        path.write_bytes(gzip.decompress(kept_file.read_bytes()))
        return path
    dump = gzip.decompress((FOLDER / f"{name}.sqlite.sql.gz").read_bytes()).decode()
    with closing(sqlite3.connect(path)) as database:
        database.executescript(dump)
    return path


@contextmanager
def use_database(name: str) -> Iterator[None]:
    test_connection = connections["default"]
    values = {**test_connection.settings_dict, "NAME": name}
    backend = load_backend(values["ENGINE"])
    connections["default"] = backend.DatabaseWrapper(values, "default")
    try:
        yield
    finally:
        connections["default"].close()
        connections["default"] = test_connection


def describe_without_casts() -> set[tuple[str, ...]]:
    """Describe the schema without what pg_dump writes in another way than it was created."""
    return {tuple(CASTS.sub("", text) for text in row) for row in describe_schema()}


def load_rows() -> TableRows:
    """Return the rows of all tables of the package, by the name of the table and the key."""
    rows: TableRows = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if table.startswith(("dashboard_", "auth_user")):
                cursor.execute(f'SELECT * FROM "{table}"')
                columns = [column[0] for column in cursor.description]
                values = (dict(zip(columns, row, strict=True)) for row in cursor.fetchall())
                rows[table] = {next(iter(row.values())): row for row in values}
    return rows


def list_renames() -> dict[tuple[str, str], str]:
    """Return the new name of each column that a migration renames, by its table and old name."""
    return {
        (f"dashboard_{operation.model_name_lower}", operation.old_name): operation.new_name
        for migration in MigrationLoader(None).disk_migrations.values()
        for operation in migration.operations
        if isinstance(operation, RenameField)
    }


def require_equal_rows(before: TableRows, after: TableRows) -> None:
    """Require that each row is there with each of its values."""
    renames = list_renames()
    for table, rows in before.items():
        assert rows.keys() <= after[table].keys(), table
        for key, row in rows.items():
            for column, value in row.items():
                new_row, name = after[table][key], renames.get((table, column), column)
                if name not in new_row and column not in new_row:
                    assert table != "dashboard_evaluation", column
                    assert column in REMOVED_COLUMNS, (table, column)
                elif name not in RATE_COLUMNS:
                    new_value = new_row[name] if name in new_row else new_row[column]
                    assert new_value == value, (table, key, column)


def require_counts_of_evaluations() -> None:
    """Require that the counts of each report are those of its evaluations."""
    for report in Report.objects.ready():
        evaluations = Evaluation.objects.filter(
            pack=report.pack_id, first__lte=report.position, until__gt=report.position
        )
        counts = Counter(evaluations.values_list("status", flat=True))
        assert sum(counts.values()) == report.rows
        assert counts[Status.NON_COMPLIANT] == report.failing
        if Status.COMPLIANT in report.listed_statuses:
            assert report.rated_failing == report.failing
            assert report.rated_compliant == counts[Status.COMPLIANT]


def list_rates() -> list[tuple[Any, ...]]:
    """Return both rates of each ready report, by time."""
    return [
        (
            (report.rated_compliant, report.rated_failing),
            (report.resources_compliant, report.resources_failing),
            report.resources_source,
        )
        for report in Report.objects.ready().order_by("created_at")
    ]


@pytest.mark.parametrize("name", VERSIONS)
def test_a_database_of_a_landed_version_is_upgraded_with_every_value(
    name: str, tmp_path: Path, settings: Settings
) -> None:
    settings.ENCRYPTION_KEYS = [ENCRYPTION_KEY]
    new_schema = describe_without_casts()
    with load_version(name, tmp_path):
        before = load_rows()
        call_command("migrate", verbosity=0)
        assert describe_without_casts() == new_schema
        require_equal_rows(before, load_rows())
        require_counts_of_evaluations()
        assert Account.objects.get().secret == "the secret of version data"
        has_resource_rates = "resources_source" in next(iter(before["dashboard_report"].values()))
        assert list_rates() == (RATES if has_resource_rates else RATES_BEFORE_0007)


@pytest.mark.parametrize("name", ["0009a", "0013"])
def test_a_rate_that_an_incomplete_overview_gave_is_taken_back(name: str, tmp_path: Path) -> None:
    with load_version(name, tmp_path), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE dashboard_report SET resources_source = 'overview', "
            "resources_compliant = 2, resources_failing = 0 WHERE file_name LIKE '%%202611071714%%'"
        )
        assert cursor.rowcount == 1
        call_command("migrate", verbosity=0)
        assert list_rates() == RATES
        summary = PackSummary.objects.get(pack__pack_id=FAILING_PACK)
        assert (summary.resources_compliant, summary.trend[-1]) == (None, [0, 0])


@pytest.mark.parametrize("name", ["0001", "0013", "0021"])
def test_the_search_finds_packs_and_accounts_of_an_old_database(name: str, tmp_path: Path) -> None:
    with load_version(name, tmp_path):
        call_command("migrate", verbosity=0)
        account = Account.objects.get()
        assert search_all("DUCTION").accounts == [account]
        assert search_all(account.uid[5:]).accounts == [account]
        for pack in Pack.objects.all():
            assert search_all(f"{pack.pack_id[3:].upper()} product").packs == [pack]
        assert HomeFilter(q="PRODUCTION").select_summaries().count() == Pack.objects.count()
        assert not [
            wrong for wrong in find_wrong_summaries() if wrong.field in ("pack", "search_text")
        ]


@pytest.mark.parametrize("name", ["0001", "0013"])
def test_the_search_finds_resources_and_rules_of_an_old_database(name: str, tmp_path: Path) -> None:
    with load_version(name, tmp_path):
        call_command("migrate", verbosity=0)
        assert find_packs_with_wrong_resources() == []
        ids = set(Evaluation.objects.filter(until=FOREVER).values_list("resource_id", flat=True))
        assert ids
        for resource_id in ids:
            results = search_all(resource_id[-3:])
            assert resource_id in {resource.id for resource in results.resources}
        for rule in Rule.objects.all():
            matching_rules = search_all(rule.name[1:]).rules
            assert rule.pk in {pk for matching in matching_rules for pk, _pack in matching.packs}
