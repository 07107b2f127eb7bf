"""What the API takes, for its schema. What it accepts of it the forms of the pages decide."""

from __future__ import annotations

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from diagnosis.models import Conclusion, Finding, Outcome, Patient, Study
from diagnosis.models.patients import NAME_LENGTH, REFERENCE_LENGTH
from diagnosis.models.studies import NOTES_LENGTH
from diagnosis.reviews.forms import REASON_LENGTH, TAKE_BACK


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


class ConclusionRequest(serializers.Serializer):
    conclusion = serializers.ChoiceField(choices=Conclusion.choices)
    findings = serializers.ListField(
        child=serializers.ChoiceField(choices=Finding.choices), required=False, help_text="What else you see."
    )


class ReadingRequest(ConclusionRequest):
    note = serializers.CharField(required=False, allow_blank=True, max_length=REASON_LENGTH)


class ReviewRequest(ConclusionRequest):
    reason = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=REASON_LENGTH,
        help_text="Words. A conclusion that contradicts the model's answer needs them, or a finding.",
    )


class OutcomeRequest(serializers.Serializer):
    result = serializers.ChoiceField(
        choices=[*Outcome.Result.choices, (TAKE_BACK, "Take it back")],
        help_text="none takes back what was entered before.",
    )
    sampled = serializers.DateField(required=False, help_text="Needed unless it is taken back.")
    sure = serializers.ChoiceField(
        choices=["true"], required=False, help_text="For a day more than 14 days from the radiograph's."
    )


class ReportRequest(serializers.Serializer):
    variant = serializers.ChoiceField(choices=["full", "deidentified"], required=False)
