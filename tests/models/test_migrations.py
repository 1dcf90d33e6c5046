"""Migrations keep every row and every value."""

import datetime as dt
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from django.apps.registry import Apps
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from pytest_django import DjangoDbBlocker

pytestmark = pytest.mark.django_db(transaction=True)
BEFORE_RENAMES = ("dashboard", "0002_resources_by_pack")
BEFORE_CANCELLED_BY = ("dashboard", "0004_words_of_fields")
BEFORE_RATES = ("dashboard", "0006_came_and_left")
USERS = ("auth", "0012_alter_user_first_name_max_length")
TIME = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
TableRows = dict[str, list[dict[str, Any]]]
# Fields that 0003 renamed: (old name, new name, value).
REPORT_FIELDS: list[tuple[str, str, Any]] = [
    ("lists", "listed_statuses", [1, 5]),
    ("stated", "stated_counts", {"overview": {"compliant": 3}, "parameters": {"cr-1": {"a": "b"}}}),
    ("scope", "rules_hash", 2**62 + 1),
    ("content", "content_hash", 2**61 + 3),
    ("choices", "filter_choices", {"regions": ["cn-hangzhou"], "types": [], "accounts": ["1"]}),
    ("reader", "reader_version", 7),
    ("asked", "poll_count", 11),
    ("troubles", "failed_attempts", 2),
    ("kind", "file_kind", "xls"),
]
RULE_RESULT_FIELDS: list[tuple[str, str, Any]] = [("stated", "stated_counts", {"NON_COMPLIANT": 4})]
# Counts that 0006 replaces; those that take their place are counted by the worker. The notes become
# remarks.
REMOVED_FIELDS = {"Report": {"new", "fixed", "gone", "notes"}, "RuleResult": {"new", "fixed"}}
EVALUATION_FIELDS: list[tuple[str, str, Any]] = [("text", "search_text", "i-1\nöss 合规")]


def migrate_to(*targets: tuple[str, str]) -> Apps:
    """Migrate the database to these migrations and return the models as they are there."""
    MigrationExecutor(connection).migrate(list(targets))
    return MigrationExecutor(connection).loader.project_state(list(targets)).apps


def find_newest_migrations() -> list[tuple[str, str]]:
    return list(MigrationExecutor(connection).loader.graph.leaf_nodes("dashboard"))


class Snapshots(NamedTuple):
    """Rows of tables, by the name of their model, at several migrations."""

    before_renames: TableRows
    newest: TableRows
    restored_rates: list[tuple[int, int]]


@pytest.fixture(scope="module")
def snapshots(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Snapshots]:
    """Migrate back and forth once, because that takes seconds; create rows at each stop."""
    with django_db_blocker.unblock():
        try:
            create_reports_with_rates(migrate_to(*find_newest_migrations()))
            restored_rates = take_restored_rates(migrate_to(BEFORE_RATES))
            old_apps = migrate_to(BEFORE_RENAMES)
            create_old_rows(old_apps)
            add_old_remarks(old_apps)
            before_renames = list_rows(old_apps)
            create_cancelled_run(migrate_to(BEFORE_CANCELLED_BY, USERS))
            create_reports_with_overviews(migrate_to(BEFORE_RATES))
            newest = list_rows(migrate_to(*find_newest_migrations()))
            yield Snapshots(before_renames, newest, restored_rates)
        finally:
            migrate_to(*find_newest_migrations())
            call_command("flush", interactive=False, verbosity=0)


def build_old_values(fields: list[tuple[str, str, Any]]) -> dict[str, Any]:
    return {old_name: value for old_name, _new_name, value in fields}


def add_old_remarks(apps: Apps) -> None:
    report_model: Any = apps.get_model("dashboard", "Report")
    report_model.objects.filter(state="ready").update(
        notes=[
            {"code": "rows_skipped", "facts": {"sheet": 2, "rows": 7}},
            {"code": "sheet_full", "facts": {"sheet": 1, "rows": 65_536}},
            {"code": "count_mismatch", "facts": {"stated": 3, "counted": 2}},
        ]
    )


def rename_fields(row: dict[str, Any], fields: list[tuple[str, str, Any]]) -> dict[str, Any]:
    new_names = {old_name: new_name for old_name, new_name, _value in fields}
    return {new_names.get(name, name): value for name, value in row.items()}


def create_pack(apps: Apps, pack_id: str) -> Any:
    """Create a pack in an account of its own."""
    account = apps.get_model("dashboard", "Account").objects.create(name=pack_id, uid=pack_id)
    return apps.get_model("dashboard", "Pack").objects.create(
        account=account, pack_id=pack_id, name="Pack"
    )


def create_old_rows(apps: Apps) -> None:
    """Create rows in every table of the package, with a value in every renamed field."""
    pack = create_pack(apps, "cp-renames")
    rule = apps.get_model("dashboard", "Rule").objects.create(pack=pack, key="cr-1", name="Rule")
    original = apps.get_model("dashboard", "Original").objects.create(sha256="a" * 64, size=5)
    report = apps.get_model("dashboard", "Report").objects.create(
        pack=pack,
        pack_name="Pack",
        state="ready",
        created_at=TIME,
        received_at=TIME,
        ended_at=TIME,
        deadline_at=TIME,
        original=original,
        position=2**60,
        rows=1,
        label="label",
        **build_old_values(REPORT_FIELDS),
    )
    apps.get_model("dashboard", "Report").objects.create(
        pack=pack, pack_name="Pack", deadline_at=TIME, claimed_until=TIME, error_code="Throttling"
    )
    apps.get_model("dashboard", "Sheet").objects.create(
        report=report, number=0, name="Sheet", rows=2, columns=3
    )
    apps.get_model("dashboard", "RuleResult").objects.create(
        report=report, rule=rule, name="Rule", failing=4, **build_old_values(RULE_RESULT_FIELDS)
    )
    apps.get_model("dashboard", "Evaluation").objects.create(
        pack=pack,
        rule=rule,
        key=1,
        digest=2,
        resource=3,
        first=2**60,
        since=2**60,
        status=1,
        risk=2,
        account="1",
        region="cn-hangzhou",
        resource_type="ACS::ECS::Instance",
        resource_id="i-1",
        resource_name="",
        actual="",
        expected="",
        reason="",
        **build_old_values(EVALUATION_FIELDS),
    )
    batch = apps.get_model("dashboard", "ImportBatch").objects.create()
    apps.get_model("dashboard", "ImportedFile").objects.create(
        batch=batch, name="a.xls", state="entered", report=report, original=original
    )
    apps.get_model("dashboard", "AuditEntry").objects.create(
        action="annotate", report=report, before={"label": ""}, after={"label": "label"}
    )


def list_rows(apps: Apps) -> TableRows:
    """Return all rows of the package's tables, by the name of their model."""
    return {
        model.__name__: list(model._default_manager.order_by("pk").values())
        for model in apps.get_app_config("dashboard").get_models()
    }


def list_reports_of_pack(rows: TableRows, pack_id: str) -> list[dict[str, Any]]:
    """Return the reports of a pack in the order of their creation."""
    (pack,) = (pack for pack in rows["Pack"] if pack["pack_id"] == pack_id)
    return [report for report in rows["Report"] if report["pack_id"] == pack["id"]]


def test_a_database_from_before_the_renames_migrates_with_every_row(snapshots: Snapshots) -> None:
    renamed = {
        "Report": REPORT_FIELDS,
        "RuleResult": RULE_RESULT_FIELDS,
        "Evaluation": EVALUATION_FIELDS,
    }
    rows_before, rows_after = snapshots.before_renames, snapshots.newest
    assert all(rows for name, rows in rows_before.items() if name != "Preference")
    for name, rows in rows_before.items():
        removed_fields = REMOVED_FIELDS.get(name, set())
        primary_key = "sha256" if name == "Original" else "id"
        kept_rows = {row[primary_key]: row for row in rows_after[name]}
        for old_row in rows:
            row = rename_fields(old_row, renamed.get(name, []))
            expected = {field: row[field] for field in row.keys() - removed_fields}
            row_after = kept_rows[row[primary_key]]
            assert {field: row_after[field] for field in expected} == expected
    report = list_reports_of_pack(rows_after, "cp-renames")[0]
    for _old_name, new_name, value in REPORT_FIELDS:
        assert report[new_name] == value
    (evaluation,) = rows_after["Evaluation"]
    assert (evaluation["operator"], evaluation["property_path"]) == ("", "")
    assert report["changes_by_reason"] is None


def test_the_remarks_on_a_file_keep_their_sheets_and_numbers(snapshots: Snapshots) -> None:
    report, other_report = list_reports_of_pack(snapshots.newest, "cp-renames")
    assert other_report["remarks"] == []
    assert report["remarks"] == [
        {"code": "rows_skipped", "sheet": 2, "rows": "", "count": 7, "facts": {}},
        {"code": "sheet_full", "sheet": 1, "rows": "", "count": 0, "facts": {"limit": 65_536}},
        {
            "code": "count_mismatch",
            "sheet": None,
            "rows": "",
            "count": 0,
            "facts": {"stated": 3, "counted": 2},
        },
    ]


RATE_COLUMNS = ("rated_compliant", "rated_failing", "resources_compliant", "resources_failing",
                "resources_source", "count_checks")  # fmt: skip
NEW_RATES = [
    (0, 0, 99, 20, "overview", None),
    (541, 31, None, None, "", None),
    (0, 0, None, None, "", None),
]
OLD_RATES = [(99, 20), (541, 31), (0, 0)]
OVERVIEW = {"overview": {"compliant": 99, "non_compliant": 20}}
LISTED_AND_STATED: list[tuple[list[int], dict[str, Any]]] = [
    ([1], OVERVIEW), ([1, 3, 5], OVERVIEW), ([1], {})
]  # fmt: skip


def create_rated_report(apps: Apps, pack: Any, number: int, **fields: Any) -> None:
    original = apps.get_model("dashboard", "Original").objects.create(
        sha256=f"{number}" * 64, size=5
    )
    listed_statuses, stated_counts = LISTED_AND_STATED[number]
    apps.get_model("dashboard", "Report").objects.create(
        pack=pack, pack_name="Pack", state="ready", created_at=TIME, received_at=TIME,
        ended_at=TIME, deadline_at=TIME, position=2**60 + number, original=original,
        listed_statuses=listed_statuses, stated_counts=stated_counts, **fields,
    )  # fmt: skip


def create_reports_with_overviews(apps: Apps) -> None:
    """Create reports from before there were two rates."""
    pack = create_pack(apps, "cp-rates")
    for number, (compliant, failing) in enumerate(OLD_RATES):
        create_rated_report(apps, pack, number, rated_compliant=compliant, rated_failing=failing)


def create_reports_with_rates(apps: Apps) -> None:
    """Create reports with the rates that create_reports_with_overviews migrates to."""
    pack = create_pack(apps, "cp-rates")
    for number, values in enumerate(NEW_RATES):
        create_rated_report(apps, pack, number, **dict(zip(RATE_COLUMNS, values, strict=True)))


def take_restored_rates(apps: Apps) -> list[tuple[int, int]]:
    """Return the rates after a migration back, and delete their reports."""
    reports = apps.get_model("dashboard", "Report").objects.order_by("position")
    rates = list(reports.values_list("rated_compliant", "rated_failing"))
    for name in ("Report", "Original", "Pack", "Account"):
        apps.get_model("dashboard", name).objects.all().delete()
    return rates


def test_what_an_overview_counted_becomes_the_resource_rate_with_every_number(
    snapshots: Snapshots,
) -> None:
    reports = list_reports_of_pack(snapshots.newest, "cp-rates")
    assert [tuple(report[column] for column in RATE_COLUMNS) for report in reports] == NEW_RATES


def test_a_migration_back_restores_what_an_overview_counted(snapshots: Snapshots) -> None:
    assert snapshots.restored_rates == OLD_RATES


def create_cancelled_run(apps: Apps) -> None:
    """Create a cancelled run and a failed one, each with an entry in the log."""
    user = apps.get_model("auth", "User").objects.create(username="alice")
    pack = create_pack(apps, "cp-cancelled")
    for state, action in (("cancelled", "cancel"), ("failed", "annotate")):
        report = apps.get_model("dashboard", "Report").objects.create(
            pack=pack, pack_name="Pack", state=state, deadline_at=TIME
        )
        apps.get_model("dashboard", "AuditEntry").objects.create(
            action=action, report=report, by=user
        )


def test_who_cancelled_a_run_is_taken_over_from_the_log(snapshots: Snapshots) -> None:
    cancelled, failed = list_reports_of_pack(snapshots.newest, "cp-cancelled")
    users = {entry["by_id"] for entry in snapshots.newest["AuditEntry"]} - {None}
    assert {cancelled["cancelled_by_id"]} == users
    assert failed["cancelled_by_id"] is None
