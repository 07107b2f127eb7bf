"""manage.py in a process of its own, with a toy engine, short leases, and only reports to be sent.

`page` does what the site does when people fetch radiographs by hand, one after the other.
"""

import sys
import time
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))


def main() -> None:
    import django

    django.setup()
    from attempts import claims
    from diagnosis.inference.engines import ENGINES
    from pacs import outbox
    from pacs.objects.identifiers import Kind
    from tests.toy import ToyEngine

    ENGINES["toy"] = lambda folder: ToyEngine()
    claims.LEASE = timedelta(seconds=10)
    outbox._ALL = (Kind.REPORT,)  # drawing hundreds of pictures and pages takes minutes
    if sys.argv[1] == "page":
        fetch_by_hand()
    else:
        from django.core.management import execute_from_command_line

        execute_from_command_line(sys.argv)


def fetch_by_hand() -> None:
    from pacs.models import Instance
    from pacs.work import treat_now

    while True:
        instance = Instance.objects.filter(state__in=Instance.OPEN, worker="").order_by("-pk").first()
        if instance is None:
            time.sleep(0.2)
        else:
            treat_now(instance)


if __name__ == "__main__":
    main()
