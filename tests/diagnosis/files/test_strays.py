"""Files that a killed process left without a row: the nightly purge finds them, and nothing else."""

import os
import time
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from accounts.models import User
from diagnosis.models import Study
from diagnosis.uploads.services import diagnosis_create
from tests.diagnosis.reports.made import made
from tests.toy import ToyEngine
from tests.uploads import diagnosed, radiograph_png, stored_files

DAY = 86_400


@pytest.fixture
def stored(alice: User, engine: ToyEngine, media_root: Path) -> list[Path]:
    """Files of a study and its report."""
    made(alice, diagnosed(alice))
    return stored_files(media_root)


def left_by_a_killed_process(user: User, media_root: Path) -> list[Path]:
    """Files of another study whose rows were never committed."""
    before = set(stored_files(media_root))
    forget(diagnosed(user, seed=1).study)
    return sorted(set(stored_files(media_root)) - before)


def forget(study: Study) -> None:
    """Its rows, as if they had never been committed."""
    study.events.all().delete()
    study.diagnoses.all().delete()
    Study.objects.filter(pk=study.pk).delete()


def age(files: list[Path], seconds: float) -> None:
    for folder in {path.parent for path in files}:
        os.utime(folder, (time.time() - seconds,) * 2)


def purge(*options: str) -> str:
    said = StringIO()
    call_command("purge_expired", *options, stdout=said)
    return said.getvalue()


def test_orphans_are_deleted_after_a_day(stored: list[Path], alice: User, media_root: Path) -> None:
    strays = left_by_a_killed_process(alice, media_root)
    assert len(strays) == 3
    age([*stored, *strays], DAY + 60)
    folder = str(strays[0].parent.relative_to(media_root))
    assert f"Would delete {folder}" in purge("--dry-run")
    assert strays[0].exists()
    assert f"Deleted {folder}" in purge()
    assert stored_files(media_root) == stored
    assert not strays[0].parent.exists()


def test_a_full_size_copy_goes_with_its_study(stored: list[Path], alice: User, media_root: Path) -> None:
    large = radiograph_png(5, width=2600, height=2000)
    study = diagnosis_create(user=alice, content=large, file_name="large.png").diagnosis.study
    copy = Path(study.full.path)
    age([*stored, copy], DAY + 60)
    assert "belonged to nothing" not in purge()
    assert copy.exists()
    forget(study)
    assert "Deleted" in purge()
    assert not copy.parent.exists()
    assert stored_files(media_root) == stored


def test_what_may_still_get_its_row_stays(stored: list[Path], alice: User, media_root: Path) -> None:
    strays = left_by_a_killed_process(alice, media_root)
    age(strays, DAY - 600)
    assert "belonged to nothing" not in purge()
    assert all(path.exists() for path in strays)


def test_what_the_site_did_not_store_stays(stored: list[Path], media_root: Path) -> None:
    own = media_root / "radiographs" / "notes" / "of-an-administrator" / "list.txt"
    own.parent.mkdir(parents=True)
    own.write_text("mine")
    age([own], DAY + 60)
    purge()
    assert own.exists()
