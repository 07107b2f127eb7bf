"""Threads of NumPy's matrix products (OpenBLAS): one, in a process that classifies radiographs.

OpenBLAS starts a thread for every processor, and after a product they look for the next one, busily, for some 25 ms
before they sleep. The learned gate asks for one small product for each radiograph (docs/decisions/0122). The network
has threads of its own (OpenVINO), which this does not touch.
"""

import os

CLASSIFYING_COMMANDS = frozenset(
    {"classify", "classify_archive", "compare_versions", "run_jobs", "runserver", "watch_pacs"}
)


def one_matrix_thread() -> None:
    """Before NumPy is imported. What the environment says already counts more."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
