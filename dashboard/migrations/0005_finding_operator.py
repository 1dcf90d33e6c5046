"""Add the operator and the property of a finding. They are empty until the pack is rebuilt."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('dashboard', '0004_words_of_fields'),
    ]

    operations = [
        migrations.AddField(
            model_name='evaluation',
            name='operator',
            field=models.TextField(default=''),
        ),
        migrations.AddField(
            model_name='evaluation',
            name='property_path',
            field=models.TextField(default=''),
        ),
    ]
