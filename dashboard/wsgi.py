"""The entry point of a WSGI server."""

import os

from django.core.wsgi import get_wsgi_application

from dashboard.database.schema import check_at_first_request

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
application = get_wsgi_application()
check_at_first_request()
