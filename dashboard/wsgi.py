"""The entry point of a WSGI server."""

import os

from django.core.wsgi import get_wsgi_application

from dashboard.database.schema import check_at_first_request
from dashboard.text.request_charset import read_as_utf8

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
application = read_as_utf8(get_wsgi_application())
check_at_first_request()
