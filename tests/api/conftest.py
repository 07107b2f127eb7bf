"""Programs that are signed in in a person's name."""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import User
from diagnosis.models import Diagnosis
from tests.api.programs import program_of
from tests.toy import ToyEngine
from tests.uploads import diagnosed

Programs = Callable[[User], Client]


@pytest.fixture
def program(alice: User, engine: ToyEngine) -> Client:
    """Alice's program."""
    return program_of(alice)


@pytest.fixture
def diagnosis(alice: User, engine: ToyEngine) -> Diagnosis:
    return diagnosed(alice)
