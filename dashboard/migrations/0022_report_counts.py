"""Keep how many reports each pack has in its summary."""

from django.db import migrations, models
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce


def count_reports(apps, schema_editor):
    reports = apps.get_model("dashboard", "Report").objects.filter(pack=OuterRef("pack"))
    counts = reports.order_by().values("pack").annotate(count=Count("pk")).values("count")
    summaries = apps.get_model("dashboard", "PackSummary").objects
    summaries.update(report_count=Coalesce(Subquery(counts), 0))


class Migration(migrations.Migration):
    dependencies = [("dashboard", "0021_list_calls")]
    operations = [
        migrations.AddField("packsummary", "report_count", models.PositiveIntegerField(default=0)),
        migrations.RunPython(count_reports, migrations.RunPython.noop),
    ]
