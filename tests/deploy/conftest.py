"""The site behind nginx, started once for all tests that leave it running."""

from collections.abc import Iterator

import pytest

from diagnosis.errors import ModelUnavailable
from diagnosis.inference.artifacts import check_built, read_artifact
from scripts.stack import PROJECT
from tests.deploy.site import Site, nginx_is_needed


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The whole site with the served model and the cast; skipped where nginx or the built model is missing."""
    nginx_is_needed()
    try:
        check_built(read_artifact(PROJECT / "models"))
    except ModelUnavailable as error:
        pytest.skip(str(error))
    site = Site(tmp_path_factory.mktemp("stack"))
    site.start()
    try:
        site.make_people()
        site.keep_people()
        yield site
    finally:
        if site.is_running:
            site.stop()
