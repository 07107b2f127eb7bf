"""What the tests of jobs leave behind is closed."""

from collections.abc import Iterator

import pytest

from jobs.sources.zip_file import archive_close


@pytest.fixture(autouse=True)
def closed_archive() -> Iterator[None]:
    yield
    archive_close()
