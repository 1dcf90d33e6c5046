"""Keep a summary of each pack, let packs be archived, and let the log name a pack.

The summaries of the packs that exist are worked out here as ledger/pack_summaries.py did it when
this migration was written.
"""

import datetime as dt
from itertools import pairwise
from statistics import median

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

TREND_LENGTH = 12  # reports of a pack, weeks of an account
HASH_BITS = 20
WEEK_MILLISECONDS = 7 * 24 * 3_600_000
COPIED_FIELDS = (
    "rated_compliant", "rated_failing", "resources_compliant", "resources_failing",
    "failing", "failing_high", "failing_medium", "failing_low", "came", "left",
)  # fmt: skip
REASONS_OF_NEW_FAILURES = (
    "regressed", "exemption-ended", "new-resource", "new-rule", "had-no-result",
    "not-reported-before",
)  # fmt: skip
UNDER_WAY = ("evaluating", "requested", "creating", "fetching", "listing", "reading")


def create_summaries(apps, schema_editor):
    summary_model = apps.get_model("dashboard", "PackSummary")
    report_model = apps.get_model("dashboard", "Report")
    summaries = []
    for pack in apps.get_model("dashboard", "Pack").objects.order_by("pk"):
        summaries.append(
            summary_model(
                pack=pack,
                account_id=pack.account_id,
                gone=pack.gone_at is not None,
                imported=pack.imported,
                **compute_report_fields(report_model.objects.filter(pack=pack, state="ready")),
                **compute_run_fields(report_model.objects.filter(pack=pack, source="generated")),
            )
        )
    summary_model.objects.bulk_create(summaries, batch_size=500)


def compute_report_fields(ready_reports):
    fields = ("pk", "position", "created_at", "high_risk_changes_by_reason", *COPIED_FIELDS)
    reports = list(ready_reports.order_by("-position").values(*fields)[: TREND_LENGTH + 1])
    if not reports:
        return {}
    latest, oldest = reports[0], reports[-1]
    failing = [(report["position"], report["failing"]) for report in reports]
    first_week = get_week(latest["position"]) - TREND_LENGTH + 1
    first_position = first_week * WEEK_MILLISECONDS << HASH_BITS
    if oldest["position"] >= first_position:
        older_reports = ready_reports.filter(position__lt=oldest["position"])
        columns = older_reports.order_by("-position").values_list("position", "failing")
        failing += columns.filter(position__gte=first_position)
        failing += columns.filter(position__lt=first_position)[:1]
    high_risk_counts = latest["high_risk_changes_by_reason"] or {}
    times = [report["created_at"] for report in reports]
    return {
        "latest_id": latest["pk"],
        "latest_created_at": latest["created_at"],
        **{name: latest[name] for name in COPIED_FIELDS},
        "high_risk_came": sum(high_risk_counts.get(name, 0) for name in REASONS_OF_NEW_FAILURES),
        "trend": [
            [report["resources_compliant"] or 0, report["resources_failing"] or 0]
            for report in reversed(reports[:TREND_LENGTH])
        ],
        "weekly_failing": compute_weekly_failing(failing, first_week),
        "overdue_at": compute_overdue_time(times),
    }


def get_week(position):
    return (position >> HASH_BITS) // WEEK_MILLISECONDS


def compute_weekly_failing(failing_by_position, first_week):
    failing_by_week = {}
    for position, failing in failing_by_position:
        failing_by_week.setdefault(get_week(position), failing)
    earlier_weeks = [week for week in failing_by_week if week < first_week]
    start_week = max(earlier_weeks, default=first_week)
    entries = []
    for week in sorted(week for week in failing_by_week if week >= start_week):
        if not entries or entries[-1][1] != failing_by_week[week]:
            entries.append([week, failing_by_week[week]])
    return entries


def compute_overdue_time(times):
    if len(times) < 3:
        return None
    seconds = median((newer - older).total_seconds() for newer, older in pairwise(times))
    return times[0] + max(2 * dt.timedelta(seconds=seconds), dt.timedelta(days=1))


def compute_run_fields(generated_reports):
    run = generated_reports.order_by("-requested_at", "-pk").values("pk", "state").first()
    if run is None:
        return {}
    state = "under-way" if run["state"] in UNDER_WAY else run["state"]
    return {"last_run_id": run["pk"], "last_run_state": state}


def build_flag(**condition):
    return models.GeneratedField(
        expression=models.Case(
            # Two Q, because one sorts its conditions by name.
            models.When(
                models.Q(archived=False, gone=False) & models.Q(**condition), then=True
            ),
            default=False,
        ),
        output_field=models.BooleanField(),
        db_persist=True,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("dashboard", "0015_results_summary"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.AddField(
            "auditentry",
            "pack",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="audit",
                to="dashboard.pack",
            ),
        ),
        migrations.AddField("pack", "archived_at", models.DateTimeField(null=True)),
        migrations.AddField(
            "pack",
            "archived_by",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.CreateModel(
            "PackSummary",
            fields=[
                (
                    "pack",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="summary",
                        serialize=False,
                        to="dashboard.pack",
                    ),
                ),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="dashboard.account",
                    ),
                ),
                ("archived", models.BooleanField(default=False)),
                ("gone", models.BooleanField(default=False)),
                ("imported", models.BooleanField(default=False)),
                (
                    "latest",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="dashboard.report",
                    ),
                ),
                ("latest_created_at", models.DateTimeField(null=True)),
                ("rated_compliant", models.PositiveIntegerField(default=0)),
                ("rated_failing", models.PositiveIntegerField(default=0)),
                ("resources_compliant", models.PositiveIntegerField(null=True)),
                ("resources_failing", models.PositiveIntegerField(null=True)),
                ("failing", models.PositiveIntegerField(default=0)),
                ("failing_high", models.PositiveIntegerField(default=0)),
                ("failing_medium", models.PositiveIntegerField(default=0)),
                ("failing_low", models.PositiveIntegerField(default=0)),
                ("came", models.PositiveIntegerField(null=True)),
                ("left", models.PositiveIntegerField(null=True)),
                ("high_risk_came", models.PositiveIntegerField(default=0)),
                ("trend", models.JSONField(default=list)),
                ("weekly_failing", models.JSONField(default=list)),
                ("overdue_at", models.DateTimeField(null=True)),
                (
                    "last_run",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="dashboard.report",
                    ),
                ),
                (
                    "last_run_state",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("under-way", "under way"),
                            ("ready", "ready"),
                            ("failed", "failed"),
                            ("cancelled", "cancelled"),
                        ],
                        max_length=9,
                    ),
                ),
                ("has_new_failures", build_flag(came__gt=0)),
                ("has_new_high_risk_failures", build_flag(high_risk_came__gt=0)),
                ("has_failed_run", build_flag(last_run_state="failed")),
                ("has_no_report", build_flag(imported=False, latest_created_at__isnull=True)),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["account"],
                        condition=models.Q(has_new_failures=True),
                        name="packs_with_new_failures",
                    ),
                    models.Index(
                        fields=["account"],
                        condition=models.Q(has_new_high_risk_failures=True),
                        name="packs_with_new_high_risk",
                    ),
                    models.Index(
                        fields=["account"],
                        condition=models.Q(has_failed_run=True),
                        name="packs_with_failed_run",
                    ),
                    models.Index(
                        fields=["account"],
                        condition=models.Q(has_no_report=True),
                        name="packs_without_report",
                    ),
                    models.Index(
                        fields=["overdue_at"],
                        condition=models.Q(
                            archived=False, gone=False, imported=False, overdue_at__isnull=False
                        ),
                        name="packs_by_overdue_time",
                    ),
                ],
            },
        ),
        migrations.RunPython(create_summaries, migrations.RunPython.noop, elidable=True),
    ]
