"""Which process runs which files when the tests run in several (pytest-xdist), and which files begin first."""

import pytest
from xdist.scheduler import LoadFileScheduling

TOGETHER = (
    # The version that `trained_version` trains.
    (
        "tests/training/test_runner.py",
        "tests/training/test_presets.py",
        "tests/training/commands/test_evaluate_command.py",
        "tests/training/commands/test_train_command.py",
        "tests/training/fitting/test_inputs.py",
        "tests/training/fitting/test_parts.py",
        "tests/training/publishing/test_assembly.py",
        "tests/training/publishing/test_int8.py",
        "tests/diagnosis/commands/test_classify.py",
        "tests/diagnosis/inference/test_classifier.py",
        "tests/diagnosis/inference/test_engines.py",
        "tests/bench/test_load.py",
    ),
    # The site of `stack`.
    ("tests/deploy/test_through_nginx.py", "tests/deploy/test_stops.py"),
    # The version of `two_view_models`.
    ("tests/training/publishing/test_general.py", "tests/diagnosis/uploads/test_pictures_seen.py"),
)
"""Files that share something that takes long to make: each process would make it once more."""

FIRST = (
    "tests/browser/test_accessibility.py",
    *TOGETHER[0],
    *TOGETHER[1],
    "tests/browser/test_accessibility_both_ways.py",
    "tests/training/test_own_classes.py",
    "tests/bench/test_bench.py",
    "tests/diagnosis/imaging/test_fuzzing.py",
    "tests/training/fitting/test_tuning.py",
    "tests/pacs/test_kills.py",
    *TOGETHER[2],
)
"""What takes longest: begun last, it would keep one process busy while the others have nothing left."""

_FIRST_OF_THEM = {file: files[0] for files in TOGETHER for file in files}
_PLACES = {file: place for place, file in enumerate(FIRST)}


def file_of(nodeid: str) -> str:
    return nodeid.split("::", 1)[0]


class Distribution(LoadFileScheduling):
    """A file's tests stay in one process, and so do those of the files that share something."""

    def _split_scope(self, nodeid: str) -> str:
        file = file_of(nodeid)
        return _FIRST_OF_THEM.get(file, file)


def longest_first(items: list[pytest.Item]) -> None:
    """The tests of a file keep their order."""
    items.sort(key=lambda item: _PLACES.get(file_of(item.nodeid), len(_PLACES)))
