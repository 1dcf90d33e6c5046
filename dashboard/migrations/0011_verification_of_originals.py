"""Store when an original was last compared with its hash, and what was found."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("dashboard", "0010_remarks_on_files")]
    operations = [
        migrations.AddField(
            "original",
            "damage",
            models.CharField(
                blank=True,
                choices=[("changed", "changed"), ("missing", "missing")],
                max_length=10,
            ),
        ),
        migrations.AddField("original", "verified_at", models.DateTimeField(null=True)),
    ]
