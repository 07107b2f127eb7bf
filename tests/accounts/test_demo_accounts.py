"""`manage.py create_demo_accounts`: two people for a first try."""

import re
from io import StringIO

import pytest
from django.core.management import call_command

from accounts.models import Institution, User


def printed() -> str:
    output = StringIO()
    call_command("create_demo_accounts", stdout=output)
    return output.getvalue()


@pytest.mark.django_db
def test_one_administrator_one_radiographer() -> None:
    passwords = dict(re.findall(r"^  (\w+) +(\S+)$", printed(), flags=re.MULTILINE))
    administrator, radiographer = User.objects.order_by("username")
    assert (administrator.is_staff, administrator.is_superuser, administrator.is_radiographer) == (True, False, False)
    assert (radiographer.is_staff, radiographer.is_superuser, radiographer.is_radiographer) == (False, False, True)
    for user in (administrator, radiographer):
        assert user.check_password(passwords[user.username])
        assert user.status == User.Status.ACTIVE


@pytest.mark.django_db
def test_a_second_time_it_changes_and_says_nothing() -> None:
    printed()
    before = list(User.objects.values())
    assert printed() == ""
    assert list(User.objects.values()) == before


@pytest.mark.django_db
def test_it_completes_what_is_missing() -> None:
    printed()
    User.objects.get(username="radiographer").delete()
    assert "radiographer" in printed()
    assert Institution.objects.count() == 1
