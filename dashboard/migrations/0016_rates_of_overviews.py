"""Take back rates that the first text of 0007_rates_and_checks took from incomplete overviews.

That text was changed after it had been released: an overview that counts compliant resources only,
and no failing ones, became a resource rate of 100 %. Such a report has no resource rate.
"""

from importlib import import_module

from django.db import migrations

BATCH_SIZE = 500


def remove_false_rates(apps, schema_editor):
    reports = apps.get_model("dashboard", "Report").objects.filter(resources_source="overview")
    changed_reports = []
    for report in reports.only("pack", "stated_counts").iterator(BATCH_SIZE):
        overview = (report.stated_counts or {}).get("overview") or {}
        if "non_compliant" not in overview:
            report.resources_compliant = report.resources_failing = None
            report.resources_source = ""
            changed_reports.append(report)
    fields = ("resources_compliant", "resources_failing", "resources_source")
    reports.bulk_update(changed_reports, fields, batch_size=BATCH_SIZE)
    update_summaries(apps, {report.pack_id for report in changed_reports})


def update_summaries(apps, pack_ids):
    """Work the summaries of packs out again, as the migration that made them did."""
    summaries = import_module("dashboard.migrations.0017_pack_summaries")
    reports = apps.get_model("dashboard", "Report").objects.filter(state="ready")
    for summary in apps.get_model("dashboard", "PackSummary").objects.filter(pack__in=pack_ids):
        for name, value in summaries.compute_report_fields(
            reports.filter(pack=summary.pack_id)
        ).items():
            setattr(summary, name, value)
        summary.save()


class Migration(migrations.Migration):
    # Its number was given before those of the migrations that it follows.
    dependencies = [("dashboard", "0019_search_index")]
    operations = [
        migrations.RunPython(remove_false_rates, migrations.RunPython.noop, elidable=False)
    ]
