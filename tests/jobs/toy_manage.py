"""manage.py in a process of its own, with a toy engine and short leases. `worker` is Celery's."""

import os
import sys
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))


def main() -> None:
    import django

    django.setup()
    from attempts import claims
    from diagnosis.inference.engines import ENGINES
    from jobs import messages, services
    from tests.toy import ToyEngine

    ENGINES["toy"] = lambda folder: ToyEngine()
    claims.LEASE = timedelta(seconds=5)
    vars(services)["LEASE"] = claims.LEASE
    messages.LOST_AFTER = timedelta(seconds=2)
    if sys.argv[1] == "worker":
        from covidxray.celery import app

        app.worker_main(["worker", "--concurrency", "2", "--loglevel", "WARNING"])
    else:
        from django.core.management import execute_from_command_line

        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "covidxray.settings")
    main()
