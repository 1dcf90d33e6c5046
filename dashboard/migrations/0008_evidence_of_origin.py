"""Add where reports come from, the owners of AccessKeys, and withdrawn imports. No row changes."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('dashboard', '0007_rates_and_checks'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='account',
            name='caller_access_key_id',
            field=models.CharField(blank=True, editable=False, max_length=128),
        ),
        migrations.AddField(
            model_name='account',
            name='caller_account_uid',
            field=models.CharField(blank=True, editable=False, max_length=32),
        ),
        migrations.AddField(
            model_name='account',
            name='caller_asked_at',
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='account',
            name='verified_at',
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='importbatch',
            name='creates_packs',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='importedfile',
            name='origin',
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name='importedfile',
            name='questions',
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name='report',
            name='provenance',
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name='report',
            name='withdrawal_reason',
            field=models.TextField(blank=True, verbose_name='reason'),
        ),
        migrations.AddField(
            model_name='report',
            name='withdrawn_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='report',
            name='withdrawn_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AlterField(
            model_name='importedfile',
            name='state',
            field=models.CharField(choices=[('arrived', 'waiting'), ('asking', 'needs a decision'), ('entered', 'imported'), ('there', 'already there'), ('refused', 'rejected')], default='arrived', max_length=8),
        ),
        migrations.AlterField(
            model_name='report',
            name='state',
            field=models.CharField(choices=[('requested', 'asked'), ('creating', 'the cloud is preparing'), ('fetching', 'fetching'), ('reading', 'reading'), ('ready', 'ready'), ('failed', 'failed'), ('cancelled', 'cancelled'), ('withdrawn', 'withdrawn')], default='requested', max_length=9),
        ),
        migrations.AddConstraint(
            model_name='report',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'withdrawn'), _negated=True), models.Q(('original__isnull', False), ('position__isnull', True), ('source', 'imported'), ('withdrawn_at__isnull', False), models.Q(('withdrawal_reason', ''), _negated=True)), _connector='OR'), name='a_withdrawn_report_has_its_bytes_and_reason'),
        ),
    ]
