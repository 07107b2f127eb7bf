"""Jobs: many radiographs in the background. Start one, ask how far it is, stop it, let it go on, read its answers."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from api.errors import Problem, invalid
from api.requests import BytesField
from api.schema import answers
from api.throttles import UploadsOfPerson
from api.views import MOST_LISTED, ApiView
from diagnosis.wording.errors import error_text
from jobs.errors import JobRefused
from jobs.export import job_file
from jobs.forms import LONGEST_FOLDER, JobForm
from jobs.models import NAME_LENGTH, Job
from jobs.progress import progress_of
from jobs.services import job_delete, job_resume, job_retry, job_start, job_stop
from jobs.words import progress_text

_SOURCES = [source for source in Job.Source if source != Job.Source.COMPARISON]


class JobRequest(serializers.Serializer):
    source = serializers.ChoiceField(choices=[str(source) for source in _SOURCES])
    name = serializers.CharField(required=False, allow_blank=True, max_length=NAME_LENGTH)
    file = BytesField(required=False, help_text="zip: the archive.")
    folder = serializers.CharField(
        required=False, allow_blank=True, max_length=LONGEST_FOLDER, help_text="folder: below that of the institution."
    )
    storage_folder = serializers.CharField(
        required=False, allow_blank=True, max_length=LONGEST_FOLDER, help_text="s3: below that of the institution."
    )
    archive = serializers.UUIDField(required=False, help_text="archive: its UUID.")
    since = serializers.DateField(required=False, help_text="archive: the first day.")
    until = serializers.DateField(required=False, help_text="archive: the last day.")
    without_answer = serializers.BooleanField(
        required=False, help_text="Store radiographs that the model refuses, without an answer."
    )


class JobSerializer(serializers.Serializer):
    """A job, and how far it is."""

    uuid = serializers.UUIDField()
    name = serializers.CharField()
    source = serializers.ChoiceField(choices=[str(source) for source in _SOURCES])
    state = serializers.ChoiceField(choices=Job.State.values)
    created = serializers.DateTimeField()
    finished = serializers.DateTimeField(allow_null=True)
    radiographs = serializers.IntegerField(help_text="Found so far.")
    done = serializers.IntegerField(help_text="Of these; the refused ones and those given up, too.")
    failed = serializers.IntegerField(help_text="Refused or given up.")
    per_hour = serializers.FloatField(allow_null=True)
    seconds_left = serializers.IntegerField(allow_null=True)
    code = serializers.CharField(allow_blank=True, help_text="Why it stopped by itself, for a program.")
    text = serializers.CharField(allow_blank=True, help_text="How far it is, in your language.")


class JobPageSerializer(serializers.Serializer):
    jobs = JobSerializer(many=True)


def _shown(job: Job) -> dict[str, Any]:
    progress = progress_of(job)
    values = {name: getattr(job, name) for name in ("uuid", "name", "source", "state", "created", "finished")}
    return values | {
        "radiographs": progress.total,
        "done": progress.ended,
        "failed": progress.failed,
        "per_hour": progress.per_hour,
        "seconds_left": int(progress.left.total_seconds()) if progress.left is not None else None,
        "code": job.reason,
        "text": " ".join(filter(None, [progress_text(job, progress), job.why])),
    }


def _answer(job: Job, status: int = HTTPStatus.OK) -> Response:
    return Response(JobSerializer(_shown(job)).data, status=status)


def _job(user: User, uuid: UUID) -> Job:
    return get_object_or_404(Job.objects.visible_to(user), uuid=uuid)


class JobsView(ApiView):
    """Your jobs, and a new one."""

    parser_classes = (MultiPartParser,)

    def get_throttles(self) -> list[Any]:
        own = [UploadsOfPerson()] if self.request.method == "POST" else []
        return [*super().get_throttles(), *own]

    @extend_schema(operation_id="jobs_list", responses=answers({200: JobPageSerializer}))
    def get(self, request: Request) -> Response:
        """Your newest jobs. No one else's are shown."""
        rows = Job.objects.visible_to(request.user).order_by("-pk")[:MOST_LISTED]
        return Response(JobPageSerializer({"jobs": [_shown(row) for row in rows]}).data)

    @extend_schema(
        operation_id="jobs_create",
        request={"multipart/form-data": JobRequest},
        responses=answers({201: JobSerializer}, 400, 409, 413, 415, 422, 507),
    )
    def post(self, request: Request) -> Response:
        """Start a job. 409: you have too many that are not done."""
        form = JobForm(request.user, request.POST, request.FILES)
        if not form.is_valid():
            raise invalid(form)
        try:
            job = job_start(form.new_job)
        except JobRefused as error:
            raise Problem(HTTPStatus.CONFLICT, error.code, error_text(error)) from error
        return _answer(job, HTTPStatus.CREATED)


class JobView(ApiView):
    """One job."""

    @extend_schema(operation_id="jobs_retrieve", responses=answers({200: JobSerializer}, 404))
    def get(self, request: Request, uuid: UUID) -> Response:
        """How far it is, and the time left."""
        return _answer(_job(request.user, uuid))

    @extend_schema(operation_id="jobs_destroy", responses=answers({204: None}, 404, 409))
    def delete(self, request: Request, uuid: UUID) -> Response:
        """Delete a job that has ended or was stopped. Its results stay."""
        try:
            job_delete(job=_job(request.user, uuid), actor=request.user)
        except JobRefused as error:
            raise Problem(HTTPStatus.CONFLICT, error.code, error_text(error)) from error
        return Response(status=HTTPStatus.NO_CONTENT)


class JobStopView(ApiView):
    @extend_schema(operation_id="jobs_stop", request=None, responses=answers({200: JobSerializer}, 404))
    def post(self, request: Request, uuid: UUID) -> Response:
        """Begin nothing more of it."""
        return _answer(job_stop(job=_job(request.user, uuid), actor=request.user))


class JobGoOnView(ApiView):
    @extend_schema(operation_id="jobs_go_on", request=None, responses=answers({200: JobSerializer}, 404))
    def post(self, request: Request, uuid: UUID) -> Response:
        """Let a stopped one go on where it was."""
        return _answer(job_resume(job=_job(request.user, uuid), actor=request.user))


class JobRetryView(ApiView):
    @extend_schema(operation_id="jobs_retry", request=None, responses=answers({200: JobSerializer}, 404))
    def post(self, request: Request, uuid: UUID) -> Response:
        """Try again what was refused or given up."""
        job_retry(job=_job(request.user, uuid), actor=request.user)
        return _answer(_job(request.user, uuid))


class JobItemsView(ApiView):
    @extend_schema(operation_id="jobs_items", responses=answers({(200, "application/jsonl"): OpenApiTypes.BINARY}, 404))
    def get(self, request: Request, uuid: UUID) -> HttpResponseBase:
        """JSON Lines: an object for each radiograph, with its answer or why it has none. Hidden answers are null."""
        return job_file(request.user, _job(request.user, uuid), "jsonl", is_recorded=request.method == "GET")
