"""`manage.py`: one sentence, instead of a traceback, where a setting is wrong, or database or storage are away."""

import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from django.db import InterfaceError, OperationalError, ProgrammingError

from attempts.faults import lacks_tables, sentence
from diagnosis.files.faults import StorageFault


def run(arguments: list[str]) -> None:
    """Ends the process with 1 and the sentence on standard error. With --traceback the error is shown as it is."""
    try:
        execute_from_command_line(arguments)
    except ImproperlyConfigured as error:
        reason = " ".join(str(error).split())
        sys.exit(f"The configuration is incomplete: {reason}")
    except (OperationalError, InterfaceError, ProgrammingError, StorageFault) as error:
        if "--traceback" in arguments or (isinstance(error, ProgrammingError) and not lacks_tables(error)):
            raise
        sys.exit(f"{error.strerror}." if isinstance(error, StorageFault) else sentence(error))
