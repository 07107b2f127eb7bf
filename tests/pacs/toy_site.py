"""The site with a toy engine, short leases, and only reports to be sent: `gunicorn tests.pacs.toy_site`.

Models can be imported only after the apps are loaded, which the first import does.
"""

from datetime import timedelta

from covidxray.wsgi import application as application  # noqa: PLC0414  gunicorn looks for it here

# isort: split
from attempts import claims
from diagnosis.inference.engines import ENGINES
from pacs import outbox
from pacs.objects.identifiers import Kind
from tests.toy import ToyEngine

ENGINES["toy"] = lambda folder: ToyEngine()
claims.LEASE = timedelta(seconds=10)
outbox._ALL = (Kind.REPORT,)  # drawing hundreds of pictures and pages takes minutes
