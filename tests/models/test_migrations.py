"""Migrations keep every row and every value."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps.registry import Apps
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

pytestmark = pytest.mark.django_db(transaction=True)
BEFORE_RENAMES = ("dashboard", "0002_resources_by_pack")
BEFORE_RATES = ("dashboard", "0006_came_and_left")
TIME = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
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
# Counts that 0006 replaces; those that take their place are counted by the worker.
REMOVED_FIELDS = {"Report": {"new", "fixed", "gone"}, "RuleResult": {"new", "fixed"}}
EVALUATION_FIELDS: list[tuple[str, str, Any]] = [("text", "search_text", "i-1\nöss 合规")]


def migrate_to(*targets: tuple[str, str]) -> Apps:
    """Migrate the database to these migrations and return the models as they are there."""
    MigrationExecutor(connection).migrate(list(targets))
    return MigrationExecutor(connection).loader.project_state(list(targets)).apps


def find_newest_migrations() -> list[tuple[str, str]]:
    return list(MigrationExecutor(connection).loader.graph.leaf_nodes("dashboard"))


@pytest.fixture
def old_apps() -> Iterator[Apps]:
    """The models before the renames, with the database migrated back to them."""
    yield migrate_to(BEFORE_RENAMES)
    migrate_to(*find_newest_migrations())


def build_old_values(fields: list[tuple[str, str, Any]]) -> dict[str, Any]:
    return {old_name: value for old_name, _new_name, value in fields}


def add_old_remarks(apps: Apps) -> None:
    report_model: Any = apps.get_model("dashboard", "Report")
    report_model.objects.update(
        notes=[
            {"code": "rows_skipped", "facts": {"sheet": 2, "rows": 7}},
            {"code": "sheet_full", "facts": {"sheet": 1, "rows": 65_536}},
            {"code": "count_mismatch", "facts": {"stated": 3, "counted": 2}},
        ]
    )


def rename_fields(row: dict[str, Any], fields: list[tuple[str, str, Any]]) -> dict[str, Any]:
    new_names = {old_name: new_name for old_name, new_name, _value in fields}
    return {new_names.get(name, name): value for name, value in row.items()}


def create_old_rows(apps: Apps) -> None:
    """Create rows in every table of the package, with a value in every renamed field."""
    account = apps.get_model("dashboard", "Account").objects.create(name="A", uid="1" * 16)
    pack = apps.get_model("dashboard", "Pack").objects.create(
        account=account, pack_id="cp-1", name="Pack"
    )
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


def list_rows(apps: Apps) -> dict[str, list[dict[str, Any]]]:
    """Return all rows of the package's tables, by the name of their model."""
    return {
        model.__name__: list(model._default_manager.order_by("pk").values())
        for model in apps.get_app_config("dashboard").get_models()
    }


def test_a_database_from_before_the_renames_migrates_with_every_row(old_apps: Apps) -> None:
    create_old_rows(old_apps)
    rows_before = list_rows(old_apps)
    rows_after = list_rows(migrate_to(*find_newest_migrations()))
    renamed = {
        "Report": REPORT_FIELDS,
        "RuleResult": RULE_RESULT_FIELDS,
        "Evaluation": EVALUATION_FIELDS,
    }
    for report in rows_before["Report"]:
        report["remarks"] = report.pop("notes")
    assert all(rows for name, rows in rows_before.items() if name != "Preference")
    for name, rows in rows_before.items():
        expected = [rename_fields(row, renamed.get(name, [])) for row in rows]
        for row in expected:
            for removed_field in REMOVED_FIELDS.get(name, ()):
                del row[removed_field]
        kept_values = [
            {field: row_after[field] for field in row}
            for row, row_after in zip(expected, rows_after[name], strict=True)
        ]
        assert kept_values == expected
    for _old_name, new_name, value in REPORT_FIELDS:
        assert rows_after["Report"][0][new_name] == value
    (evaluation,) = rows_after["Evaluation"]
    assert (evaluation["operator"], evaluation["property_path"]) == ("", "")
    assert rows_after["Report"][0]["changes_by_reason"] is None


def test_the_remarks_on_a_file_keep_their_sheets_and_numbers(old_apps: Apps) -> None:
    create_old_rows(old_apps)
    add_old_remarks(old_apps)
    report, _other_report = list_rows(migrate_to(*find_newest_migrations()))["Report"]
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


@pytest.fixture
def apps_before_rates() -> Iterator[Apps]:
    """The models before there were two rates, with the database migrated back to them."""
    yield migrate_to(BEFORE_RATES)
    migrate_to(*find_newest_migrations())


def test_what_an_overview_counted_becomes_the_resource_rate_with_every_number(
    apps_before_rates: Apps,
) -> None:
    account = apps_before_rates.get_model("dashboard", "Account").objects.create(
        name="A", uid="1" * 16
    )
    pack = apps_before_rates.get_model("dashboard", "Pack").objects.create(
        account=account, pack_id="cp-1", name="Pack"
    )
    originals = apps_before_rates.get_model("dashboard", "Original").objects
    reports = apps_before_rates.get_model("dashboard", "Report").objects
    overview = {"overview": {"compliant": 99, "non_compliant": 20}}
    for number, (listed, stated, rated) in enumerate(
        [([1], overview, (99, 20)), ([1, 3, 5], overview, (541, 31)), ([1], {}, (0, 0))]
    ):
        reports.create(
            pack=pack, pack_name="Pack", state="ready", created_at=TIME, received_at=TIME,
            ended_at=TIME, deadline_at=TIME, position=2**60 + number, listed_statuses=listed,
            original=originals.create(sha256=f"{number}" * 64, size=5), stated_counts=stated,
            rated_compliant=rated[0], rated_failing=rated[1],
        )  # fmt: skip
    newer = migrate_to(*find_newest_migrations()).get_model("dashboard", "Report").objects
    columns = (
        "rated_compliant", "rated_failing", "resources_compliant", "resources_failing",
        "resources_source", "count_checks",
    )  # fmt: skip
    assert list(newer.order_by("position").values_list(*columns)) == [
        (0, 0, 99, 20, "overview", None),
        (541, 31, None, None, "", None),
        (0, 0, None, None, "", None),
    ]
    restored = migrate_to(BEFORE_RATES).get_model("dashboard", "Report").objects
    rates = restored.order_by("position").values_list("rated_compliant", "rated_failing")
    assert list(rates) == [(99, 20), (541, 31), (0, 0)]


def test_who_cancelled_a_run_is_taken_over_from_the_log() -> None:
    apps = migrate_to(
        ("dashboard", "0004_words_of_fields"), ("auth", "0012_alter_user_first_name_max_length")
    )
    user = apps.get_model("auth", "User").objects.create(username="alice")
    account = apps.get_model("dashboard", "Account").objects.create(name="A", uid="1" * 16)
    pack = apps.get_model("dashboard", "Pack").objects.create(
        account=account, pack_id="cp-1", name="Pack"
    )
    reports = apps.get_model("dashboard", "Report").objects
    for state in ("cancelled", "failed"):
        report = reports.create(pack=pack, pack_name="Pack", state=state, deadline_at=TIME)
        apps.get_model("dashboard", "AuditEntry").objects.create(
            action="cancel" if state == "cancelled" else "annotate", report=report, by=user
        )
    apps = migrate_to(*find_newest_migrations())
    rows = apps.get_model("dashboard", "Report").objects.order_by("pk").values_list("cancelled_by")
    assert list(rows) == [(user.pk,), (None,)]
