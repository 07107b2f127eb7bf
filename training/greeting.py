"""Imports Keras without TensorFlow's greeting: lines of its C++ libraries that no setting of its own keeps away."""

import os
import re
import sys
import tempfile
from contextlib import suppress

GREETING = re.compile(rb"WARNING: All log messages before absl::InitializeLog|I\d{4} .*oneDNN custom operations are on")


def keras_import() -> None:
    """Takes seconds. Whatever else is said meanwhile is said afterwards."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as said:
        os.dup2(said.fileno(), 2)
        try:
            with suppress(ImportError):  # whoever needs it says so
                import keras  # noqa: F401
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
            said.seek(0)
            for line in said:
                if not GREETING.match(line):
                    os.write(2, line)
