"""What the API tells of rows. All of it is read only: what is written goes through the forms of the pages.

A diagnosis has passed `conceal` before it comes here: of one that is hidden, nothing of the answer is left to tell.
"""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from diagnosis.models import Diagnosis, ModelFinding, OwnReading, Patient, Report, Review, Study
from diagnosis.wording.appearances import finding_in_words
from diagnosis.wording.errors import stored_text
from diagnosis.wording.pictures import not_looked_for


class PatientSerializer(serializers.ModelSerializer):
    sex = serializers.ChoiceField(choices=Patient.Sex.choices, allow_blank=True)

    class Meta:
        model = Patient
        fields = ["uuid", "reference", "name", "birth_date", "sex"]
        read_only_fields = fields


class OutcomeSerializer(serializers.Serializer):
    """A diagnosis's outcome: null where none is known or the answer is hidden."""

    result = serializers.CharField(source="outcome", help_text="positive or negative")
    sampled = serializers.DateField(source="study.outcome_date", allow_null=True)

    def to_representation(self, row: Diagnosis) -> Any:
        return super().to_representation(row) if row.outcome else None


class StudySerializer(serializers.ModelSerializer):
    uploaded_by = serializers.CharField(source="uploaded_by.display_name", read_only=True)
    patient = PatientSerializer(allow_null=True, read_only=True)
    projection = serializers.ChoiceField(choices=Study.Projection.choices, allow_blank=True)

    class Meta:
        model = Study
        fields = [
            *("uuid", "created", "uploaded_by", "file_name", "format", "sha256", "size", "width", "height"),
            *("study_date", "projection", "notes", "voided", "patient"),
        ]
        read_only_fields = fields


class ModelFindingSerializer(serializers.Serializer):
    """What else the model looks for: none of it is the answer."""

    name = serializers.CharField(
        read_only=True, help_text="typical, indeterminate, atypical or negative; or a class of the version's own."
    )
    label = serializers.SerializerMethodField()
    probability = serializers.FloatField(read_only=True, help_text="Calibrated, 0 to 1.")

    @extend_schema_field(serializers.CharField(help_text="The name in your language."))
    def get_label(self, row: ModelFinding) -> str:
        return finding_in_words(row.name)


class AnswerSerializer(serializers.ModelSerializer):
    """A diagnosis's answer: null where it is hidden."""

    label = serializers.CharField(source="get_prediction_display", help_text="The prediction in your language.")
    quality = serializers.CharField(
        read_only=True, help_text="ok or limited; empty where the model version does not judge it."
    )
    opacities = serializers.CharField(
        read_only=True, help_text="yes, unclear or no; empty where the model version does not look for them."
    )
    operating_point_of = serializers.SerializerMethodField()
    lungs = serializers.ListField(
        child=serializers.ListField(child=serializers.ListField(child=serializers.FloatField())),
        read_only=True,
        allow_null=True,
        help_text="The outline of each lung: corners (x, y) as fractions of width and height.",
    )

    appearance = serializers.CharField(
        read_only=True,
        help_text="The most probable appearance, or class of a version with classes of its own (COVID among them); "
        "empty where the model version knows neither.",
    )
    findings = ModelFindingSerializer(
        many=True,
        read_only=True,
        source="findings.all",
        help_text="The probability of each appearance, or of each other class of a version with classes of its own; "
        "empty where the model version knows neither.",
    )
    not_looked_for = serializers.SerializerMethodField()

    class Meta:
        model = Diagnosis
        fields = [
            *("prediction", "label", "probability", "confidence", "operating_point", "operating_point_of"),
            *(
                "indeterminate_low",
                "indeterminate_high",
                "engine",
                "milliseconds",
                "quality",
                "quality_codes",
                "opacities",
            ),
            *("opacity_probability", "lungs", "heat_in_lungs", "appearance", "findings", "not_looked_for"),
        ]
        read_only_fields = fields

    def to_representation(self, row: Diagnosis) -> Any:
        return None if row.is_hidden else super().to_representation(row)

    @extend_schema_field(serializers.CharField(help_text="What the answer says nothing of, in your language."))
    def get_not_looked_for(self, row: Diagnosis) -> str:
        return not_looked_for(row)

    @extend_schema_field(
        serializers.ChoiceField(
            choices=["card", "site"],
            help_text="card: the operating point of the model's card. site: this site's own, by its RT-PCR results.",
        )
    )
    def get_operating_point_of(self, row: Diagnosis) -> str:
        return "site" if row.site_point_id else "card"


class ResultSerializer(serializers.ModelSerializer):
    """A row of the list."""

    requested_by = serializers.CharField(source="requested_by.display_name", read_only=True)
    model_version = serializers.CharField(source="model_version.version", read_only=True)
    is_hidden = serializers.BooleanField(
        read_only=True,
        help_text="Whether the answer is withheld from you: you read blind and have not read this radiograph yet, or a "
        "reader study that you take part in withholds it. What leads to the answer is null or empty then.",
    )
    answer = AnswerSerializer(source="*", read_only=True, allow_null=True)
    review_state = serializers.SerializerMethodField()
    conclusion = serializers.SerializerMethodField()
    outcome = OutcomeSerializer(source="*", read_only=True, allow_null=True)
    study = StudySerializer(read_only=True)

    class Meta:
        model = Diagnosis
        fields = [
            *("uuid", "created", "requested_by", "model_version", "is_hidden", "answer", "review_state", "conclusion"),
            "outcome",
            "study",
        ]
        read_only_fields = fields

    @extend_schema_field(
        serializers.CharField(allow_null=True, help_text="unreviewed, agrees, disagrees, unsure or decided")
    )
    def get_review_state(self, row: Diagnosis) -> str | None:
        return row.review_state or None

    @extend_schema_field(
        serializers.CharField(allow_null=True, help_text="What the newest review concludes: likely, unlikely or unsure")
    )
    def get_conclusion(self, row: Diagnosis) -> str | None:
        return row.conclusion or None


class ResultPageSerializer(serializers.Serializer):
    results = ResultSerializer(many=True)
    next = serializers.URLField(allow_null=True, help_text="The address of the page that follows.")
    previous = serializers.URLField(allow_null=True)


class ReviewSerializer(serializers.ModelSerializer):
    reviewer = serializers.CharField(source="reviewer.display_name", read_only=True)

    class Meta:
        model = Review
        fields = ["uuid", "created", "reviewer", "conclusion", "findings", "verdict", "is_blind", "reason"]
        read_only_fields = fields


class ReadingSerializer(serializers.ModelSerializer):
    reader = serializers.CharField(source="reader.display_name", read_only=True)

    class Meta:
        model = OwnReading
        fields = ["created", "reader", "conclusion", "findings", "note"]
        read_only_fields = fields


class ReportSerializer(serializers.ModelSerializer):
    created_by = serializers.CharField(source="created_by.display_name", read_only=True)
    state = serializers.ChoiceField(choices=Report.State.choices, read_only=True)

    class Meta:
        model = Report
        fields = ["uuid", "created", "created_by", "is_deidentified", "code", "sha256", "size", "state"]
        read_only_fields = fields


class ResultDetailSerializer(ResultSerializer):
    """One result with what people have added to it; nothing of that while the answer is hidden."""

    reviews = serializers.SerializerMethodField()
    readings = serializers.SerializerMethodField()
    reports = serializers.SerializerMethodField()

    class Meta(ResultSerializer.Meta):
        fields = [*ResultSerializer.Meta.fields, "reviews", "readings", "reports"]
        read_only_fields = fields

    @extend_schema_field(ReviewSerializer(many=True))
    def get_reviews(self, row: Diagnosis) -> Any:
        return [] if row.is_hidden else ReviewSerializer(row.reviews.newest_first(), many=True).data

    @extend_schema_field(ReadingSerializer(many=True))
    def get_readings(self, row: Diagnosis) -> Any:
        readings = row.study.own_readings.select_related("reader").order_by("pk")
        return [] if row.is_hidden else ReadingSerializer(readings, many=True).data

    @extend_schema_field(ReportSerializer(many=True))
    def get_reports(self, row: Diagnosis) -> Any:
        return [] if row.is_hidden else ReportSerializer(row.reports.listed(), many=True).data


class UnansweredStudySerializer(StudySerializer):
    """A study that is stored without an answer, and why it has none."""

    refusal = serializers.SerializerMethodField()

    class Meta(StudySerializer.Meta):
        fields = [*StudySerializer.Meta.fields, "unanswered", "refusal"]
        read_only_fields = fields

    @extend_schema_field(serializers.CharField(help_text="Why it has no answer, in your language."))
    def get_refusal(self, row: Study) -> str:
        return stored_text(row.refusal)


class UnansweredPageSerializer(serializers.Serializer):
    studies = UnansweredStudySerializer(many=True)
    next = serializers.URLField(allow_null=True, help_text="The address of the page that follows.")


class UploadedSerializer(serializers.Serializer):
    """What became of an upload that has a result, or is stored without one."""

    state = serializers.ChoiceField(choices=["done", "repeat", "voided", "stored"])
    text = serializers.CharField(allow_blank=True, help_text="What there is to know of it, in your language.")
    code = serializers.CharField(allow_blank=True, help_text="Why it has no answer, for a program.")
    result = ResultDetailSerializer(allow_null=True)
    study = StudySerializer()


class UploadedFileSerializer(serializers.Serializer):
    """What became of one file of a ZIP."""

    file_name = serializers.CharField(help_text="The ZIP's name and the file's.")
    state = serializers.ChoiceField(choices=["done", "repeat", "voided", "stored", "refused"])
    text = serializers.CharField(allow_blank=True, help_text="What there is to know of it, in your language.")
    code = serializers.CharField(allow_blank=True, help_text="Of a refusal, for a program.")
    result = ResultDetailSerializer(allow_null=True)
    study = StudySerializer(allow_null=True)


class UploadedFilesSerializer(serializers.Serializer):
    """What became of each file of a ZIP."""

    files = UploadedFileSerializer(many=True)
