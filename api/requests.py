"""What the API takes, for its schema. What it accepts of it the forms of the pages decide."""

from __future__ import annotations

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from diagnosis.models import Outcome, OwnReading, Patient, ReviewState, Study
from diagnosis.models.patients import NAME_LENGTH, REFERENCE_LENGTH
from diagnosis.models.studies import NOTES_LENGTH
from diagnosis.reviews.forms import REASON_LENGTH, TAKE_BACK

VERDICTS = [choice for choice in ReviewState.choices if choice[0] != ReviewState.UNREVIEWED]


class SignInRequest(serializers.Serializer):
    username = serializers.CharField()
    password = serializers.CharField()
    code = serializers.CharField(
        required=False, allow_blank=True, help_text="Of the second factor, for people who have set one up."
    )


@extend_schema_field(OpenApiTypes.BINARY)
class BytesField(serializers.FileField):
    """A file in the request; drf-spectacular takes it for an address, as in an answer."""


class UploadRequest(serializers.Serializer):
    radiograph = BytesField(help_text="One DICOM, JPEG, PNG, TIFF, BMP or WebP file, or a ZIP of them.")
    reference = serializers.CharField(required=False, allow_blank=True, max_length=REFERENCE_LENGTH)
    name = serializers.CharField(required=False, allow_blank=True, max_length=NAME_LENGTH)
    birth_date = serializers.DateField(required=False)
    sex = serializers.ChoiceField(choices=Patient.Sex.choices, required=False, allow_blank=True)
    projection = serializers.ChoiceField(choices=Study.Projection.choices, required=False, allow_blank=True)
    study_date = serializers.DateField(required=False)
    notes = serializers.CharField(required=False, allow_blank=True, max_length=NOTES_LENGTH)
    correction = serializers.ChoiceField(
        choices=Study.Correction.choices,
        required=False,
        allow_blank=True,
        help_text="Turn or invert the picture before it is assessed: the answer to a refusal may name what helps.",
    )
    store_without_answer = serializers.BooleanField(
        required=False, help_text="Store a picture that the model refuses, such as a lateral view, without an answer."
    )


class ReadingRequest(serializers.Serializer):
    answer = serializers.ChoiceField(choices=OwnReading.Answer.choices)
    note = serializers.CharField(required=False, allow_blank=True, max_length=REASON_LENGTH)


class ReviewRequest(serializers.Serializer):
    verdict = serializers.ChoiceField(choices=VERDICTS)
    reason = serializers.CharField(
        required=False, allow_blank=True, max_length=REASON_LENGTH, help_text="Needed unless you agree."
    )


class OutcomeRequest(serializers.Serializer):
    result = serializers.ChoiceField(
        choices=[*Outcome.Result.choices, (TAKE_BACK, "Take it back")],
        help_text="none takes back what was entered before.",
    )
    sampled = serializers.DateField(required=False, help_text="Needed unless it is taken back.")


class ReportRequest(serializers.Serializer):
    variant = serializers.ChoiceField(choices=["full", "deidentified"], required=False)
