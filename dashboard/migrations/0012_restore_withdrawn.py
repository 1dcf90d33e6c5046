"""Let a withdrawn report keep its position until its spans are removed. No row changes."""

from django.db import migrations, models
from django.db.models import Q

NAME = "a_withdrawn_report_has_its_bytes_and_reason"


class Migration(migrations.Migration):
    dependencies = [("dashboard", "0011_verification_of_originals")]
    operations = [
        migrations.RemoveConstraint("report", NAME),
        migrations.AddConstraint(
            "report",
            models.CheckConstraint(
                condition=~Q(state="withdrawn")
                | Q(source="imported", original__isnull=False, withdrawn_at__isnull=False)
                & ~Q(withdrawal_reason=""),
                name=NAME,
            ),
        ),
    ]
