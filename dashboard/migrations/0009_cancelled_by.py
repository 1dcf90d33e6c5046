"""Store who cancelled a run; for runs from before, the log tells."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import OuterRef, Subquery


def copy_from_log(apps, schema_editor):
    entries = apps.get_model("dashboard", "AuditEntry").objects.filter(
        report=OuterRef("pk"), action="cancel"
    )
    reports = apps.get_model("dashboard", "Report").objects.filter(state="cancelled")
    reports.update(cancelled_by=Subquery(entries.order_by("pk").values("by")[:1]))


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("dashboard", "0008_evidence_of_origin"),
    ]
    operations = [
        migrations.AddField(
            "report",
            "cancelled_by",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.RunPython(copy_from_log, migrations.RunPython.noop),
    ]
