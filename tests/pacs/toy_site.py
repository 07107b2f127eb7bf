"""The site for gunicorn, with a toy engine and only reports to be sent: `gunicorn tests.pacs.toy_site`."""

from datetime import timedelta

from attempts import claims
from covidxray.wsgi import application as application  # noqa: PLC0414  gunicorn looks for it here
from diagnosis.inference.engines import ENGINES
from pacs import outbox
from pacs.objects.identifiers import Kind
from tests.toy import ToyEngine

ENGINES["toy"] = lambda folder: ToyEngine()
claims.LEASE = timedelta(seconds=10)
outbox._ALL = (Kind.REPORT,)  # drawing hundreds of pictures and pages takes minutes
