"""The entry point for a WSGI server: ``gunicorn covidxray.wsgi``."""

import os

from django.core.wsgi import get_wsgi_application

from covidxray.matrix_threads import one_matrix_thread

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "covidxray.settings")
one_matrix_thread()

application = get_wsgi_application()
