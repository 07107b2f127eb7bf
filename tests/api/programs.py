"""How a program asks: with a token in a header, and without a cookie."""

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.api_tokens import token_create
from accounts.models import User
from tests.cast import PASSWORD

SIGN_IN, SIGN_OUT, RESULTS = "/api/sign-in/", "/api/sign-out/", "/api/results/"


def bearing(token: str) -> Client:
    return Client(raise_request_exception=False, headers={"Authorization": f"Bearer {token}"})


def program_of(user: User, *, has_second_factor: bool = False) -> Client:
    return bearing(token_create(person=user, has_second_factor=has_second_factor)[0])


def anonymous() -> Client:
    return Client(raise_request_exception=False)


def post(client: Client, address: str, body: Any = None, **extra: Any):
    return client.post(address, body if body is not None else {}, content_type="application/json", **extra)


def sign_in(username: str = "alice", password: str = PASSWORD, client: Client | None = None, **more: str):
    return post(client or anonymous(), SIGN_IN, {"username": username, "password": password, **more})


def send(client: Client, content: bytes, file_name: str = "chest.png", **fields: str):
    """Upload one file."""
    return client.post(RESULTS, {"radiograph": SimpleUploadedFile(file_name, content), **fields})
