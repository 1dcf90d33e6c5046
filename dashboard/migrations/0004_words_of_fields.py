"""Take over the words of labels and help texts. No row changes."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('dashboard', '0003_plain_field_names'),
    ]

    operations = [
        migrations.AlterField(
            model_name='account',
            name='endpoint',
            field=models.CharField(blank=True, help_text="Leave empty for the public endpoint, or enter a VPC endpoint or the sandbox's address.", max_length=200, verbose_name='endpoint'),
        ),
        migrations.AlterField(
            model_name='importedfile',
            name='created_at',
            field=models.DateTimeField(null=True, verbose_name='report created'),
        ),
        migrations.AlterField(
            model_name='importedfile',
            name='state',
            field=models.CharField(choices=[('arrived', 'waiting'), ('asking', 'needs account, pack or date'), ('entered', 'imported'), ('there', 'already there'), ('refused', 'rejected')], default='arrived', max_length=8),
        ),
    ]
