"""What the database itself makes sure of."""

import pytest
from django.db import IntegrityError
from django.db.models import ProtectedError

from accounts.models import User
from diagnosis.models import Diagnosis, Study
from tests.toy import ToyEngine
from tests.uploads import diagnosed

pytestmark = pytest.mark.usefixtures("engine")


def test_a_radiographer_sees_the_institution(alice: User, bob: User, charlie: User) -> None:
    diagnosis = diagnosed(alice)
    for user, visible in ((alice, 1), (bob, 1), (charlie, 0)):
        assert Diagnosis.objects.visible_to(user).count() == visible
        assert Study.objects.visible_to(user).filter(diagnoses=diagnosis).count() == visible


def test_an_administrator_sees_no_study(alice: User, dora: User) -> None:
    diagnosed(alice)
    assert not Diagnosis.objects.visible_to(dora).exists()
    assert not Study.objects.visible_to(dora).exists()
    dora.is_radiographer = True
    assert Diagnosis.objects.visible_to(dora).count() == 1


def test_one_file_is_one_study_of_an_institution(alice: User) -> None:
    study = diagnosed(alice).study
    study.pk, study.uuid = None, "00000000-0000-4000-8000-000000000000"
    with pytest.raises(IntegrityError):
        study.save()


def test_one_model_has_one_answer_to_a_study(alice: User) -> None:
    diagnosis = diagnosed(alice)
    diagnosis.pk, diagnosis.uuid = None, "00000000-0000-4000-8000-000000000000"
    with pytest.raises(IntegrityError):
        diagnosis.save()


@pytest.mark.parametrize("owner", ["study", "model_version", "requested_by"])
def test_what_a_diagnosis_rests_on_cannot_be_deleted(alice: User, owner: str) -> None:
    diagnosis = diagnosed(alice)
    with pytest.raises(ProtectedError):
        getattr(diagnosis, owner).delete()


def test_three_answers_have_a_word_each(alice: User, engine: ToyEngine) -> None:
    words = []
    for seed, probability in enumerate((0.1, 0.25, 0.9)):
        engine.probability = probability
        words.append(diagnosed(alice, seed).get_prediction_display())
    assert words == ["Negative", "Indeterminate", "Positive"]
