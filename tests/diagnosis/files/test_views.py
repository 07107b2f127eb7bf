"""Pictures and files reach a person through a view that checks, and in no other way."""

import io
from pathlib import Path

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse
from PIL import Image
from pytest_django import Settings

from accounts.models import User
from diagnosis.imaging.rendering import (
    THUMBNAIL_BYTES,
    THUMBNAIL_SIDE,
    coloured_heat_map,
    display_jpeg,
    heat_map_to_png,
    shown_size,
    thumbnail_jpeg,
)
from diagnosis.models import Diagnosis
from diagnosis.uploads.services import diagnosis_create
from tests.cast import client_of
from tests.rows import stored_result
from tests.toy import ToyEngine
from tests.uploads import diagnosed, radiograph_png


@pytest.fixture
def diagnosis(alice: User, engine: ToyEngine) -> Diagnosis:
    return diagnosed(alice, name="thorax é.png")


@pytest.fixture
def client(alice: User) -> Client:
    return client_of(alice)


def body_of(answer) -> bytes:
    return answer.getvalue()


def picture(answer) -> Image.Image:
    return Image.open(io.BytesIO(body_of(answer)))


def addresses(diagnosis: Diagnosis) -> list[str]:
    study = diagnosis.study.uuid
    names = ("display", "thumbnail", "original")
    return [
        reverse("diagnosis:heat-map", args=[diagnosis.uuid]),
        *[reverse(f"diagnosis:{name}", args=[study]) for name in names],
    ]


def test_the_shown_copy_is_the_whole_radiograph(client: Client, diagnosis: Diagnosis) -> None:
    answer = client.get(reverse("diagnosis:display", args=[diagnosis.study.uuid]))
    assert answer["Content-Type"] == "image/jpeg"
    shown = np.asarray(picture(answer), np.float64)
    original = np.asarray(Image.open(io.BytesIO(radiograph_png())), np.float64)
    assert np.abs(shown - original).mean() < 2


def test_the_thumbnail_is_small(client: Client, diagnosis: Diagnosis) -> None:
    answer = client.get(reverse("diagnosis:thumbnail", args=[diagnosis.study.uuid]))
    body = body_of(answer)
    assert len(body) <= THUMBNAIL_BYTES
    assert Image.open(io.BytesIO(body)).size == (160, 128)


@pytest.mark.parametrize("levels", [2, 256])
def test_a_thumbnail_of_noise_is_small_too(levels: int) -> None:
    noise = np.random.default_rng(0).integers(0, levels, (THUMBNAIL_SIDE, THUMBNAIL_SIDE)) * (255 // (levels - 1))
    assert len(thumbnail_jpeg(noise.astype(np.uint8))) <= THUMBNAIL_BYTES


def test_the_heat_map_is_clear_without_evidence(client: Client, diagnosis: Diagnosis) -> None:
    """The heat map is clear where there is no evidence and yellow where most is."""
    answer = client.get(reverse("diagnosis:heat-map", args=[diagnosis.uuid]))
    assert answer["Content-Type"] == "image/png"
    drawn = picture(answer)
    assert drawn.size == (448, 358)
    pixels = np.asarray(drawn.convert("RGBA"))
    assert pixels[2, 2, 3] == 0
    red, green, blue, opacity = pixels[355, 445]
    assert red > 200
    assert green > 200
    assert blue < 80
    assert opacity == 255


def test_the_original_is_only_ever_saved(client: Client, diagnosis: Diagnosis) -> None:
    answer = client.get(reverse("diagnosis:original", args=[diagnosis.study.uuid]))
    assert body_of(answer) == radiograph_png()
    assert answer["Content-Disposition"] == "attachment; filename*=utf-8''thorax%20%C3%A9.png"
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_no_answer_may_be_kept_in_a_cache(client: Client, diagnosis: Diagnosis) -> None:
    for address in [*addresses(diagnosis), diagnosis.get_absolute_url(), "/", "/results/", "/nothing-here"]:
        answer = client.get(address)
        assert answer["Cache-Control"] == "private, no-store", address
        body_of(answer)


def test_strangers_get_404_or_must_sign_in(diagnosis: Diagnosis, charlie: User, stranger: Client) -> None:
    for address in addresses(diagnosis):
        assert client_of(charlie).get(address).status_code == 404
        assert stranger.get(address)["Location"].startswith("/accounts/sign-in/")


def test_stored_files_have_no_address_of_their_own(
    client: Client, diagnosis: Diagnosis, settings: Settings, media_root: Path
) -> None:
    name = str(diagnosis.study.original)
    assert (media_root / name).is_file()
    for address in (f"/media/{name}", f"/{name}", f"/static/{name}", f"/static/../media/{name}", f"/media/../{name}"):
        assert client.get(address).status_code == 404


def test_stored_files_can_be_read_by_the_site_only(diagnosis: Diagnosis) -> None:
    path = Path(diagnosis.study.original.path)
    assert path.stat().st_mode & 0o007 == 0
    assert path.parent.stat().st_mode & 0o007 == 0


def test_shown_pictures_carry_no_metadata(alice: User, engine: ToyEngine, client: Client) -> None:
    buffer = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "Canary in the description"
    Image.open(io.BytesIO(radiograph_png())).save(buffer, "JPEG", exif=exif, comment=b"Canary in the comment")
    assert b"Canary" in buffer.getvalue()
    diagnosis = diagnosis_create(user=alice, content=buffer.getvalue(), file_name="a.jpg").diagnosis
    for name in ("display", "thumbnail"):
        answer = client.get(reverse(f"diagnosis:{name}", args=[diagnosis.study.uuid]))
        assert b"Canary" not in body_of(answer)


@pytest.mark.parametrize(("height", "width"), [(3000, 1000), (1, 5000), (80, 80)])
def test_copies_keep_their_proportions(height: int, width: int) -> None:
    pixels = np.zeros((height, width), np.uint8)
    shown = Image.open(io.BytesIO(display_jpeg(pixels)))
    small = Image.open(io.BytesIO(thumbnail_jpeg(pixels)))
    assert max(shown.size) == min(2048, max(height, width))
    assert max(small.size) == min(THUMBNAIL_SIDE, max(height, width))
    assert shown.mode == "L"


def test_a_heat_map_survives_storage() -> None:
    stored = heat_map_to_png(np.array([[0, 0.5, 1], [np.nan, -1, 2]], np.float32))
    grid = np.asarray(Image.open(io.BytesIO(stored)))
    assert grid.tolist() == [[0, 128, 255], [0, 0, 255]]
    assert len(stored) < 200


@pytest.mark.parametrize(("width", "height", "size"), [(2000, 1000, (448, 224)), (3, 5000, (1, 448))])
def test_a_heat_map_has_the_same_proportions(width: int, height: int, size: tuple[int, int]) -> None:
    drawn = coloured_heat_map(heat_map_to_png(np.ones((7, 7), np.float32)), width=width, height=height)
    assert Image.open(io.BytesIO(drawn)).size == size


def test_more_evidence_is_always_lighter() -> None:
    """Perceptual order: the luminance of the colours rises all the way (ITU-R BT.709 weights)."""
    ramp = np.linspace(0, 1, 256, dtype=np.float32)[None]
    picture = Image.open(io.BytesIO(coloured_heat_map(heat_map_to_png(ramp), width=448, height=10)))
    drawn = np.asarray(picture.convert("RGBA"), float)
    luminance = drawn[5, :, :3] @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(luminance) >= -1.5).all()
    assert (np.diff(drawn[5, :, 3]) >= 0).all()


@pytest.mark.parametrize("name", ["display", "thumbnail", "full", "original"])
def test_a_lost_file_is_reported(
    client: Client, diagnosis: Diagnosis, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    for file in (diagnosis.study.display, diagnosis.study.thumbnail, diagnosis.study.original):
        Path(file.path).unlink()
    address = reverse(f"diagnosis:{name}", args=[diagnosis.study.uuid])
    answer = client.get(address)
    assert answer.status_code == 404
    assert "This file is missing" in answer.content.decode()
    assert client.head(address).status_code == 404
    assert address in caplog.text
    assert client.get(diagnosis.get_absolute_url()).status_code == 200


def test_a_row_without_files_or_heat_map_is_404(client: Client, alice: User) -> None:
    result = stored_result(alice)
    for address in addresses(result):
        assert client.get(address).status_code == 404


def test_every_picture_answers_head(client: Client, diagnosis: Diagnosis) -> None:
    for address in addresses(diagnosis):
        answer = client.head(address)
        assert (answer.status_code, answer["Cache-Control"]) == (200, "private, no-store")
        assert body_of(answer) == b""


def test_full_size_is_made_once(
    client: Client, alice: User, engine: ToyEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All pixels of a large radiograph are drawn at its upload, and nothing is decoded when somebody looks at them."""
    content = radiograph_png(width=2600, height=2000)
    study = diagnosis_create(user=alice, content=content, file_name="large.png").diagnosis.study
    assert (study.shown_size, study.is_reduced) == ((2048, 1575), True)
    assert picture(client.get(reverse("diagnosis:display", args=[study.uuid]))).size == study.shown_size
    with monkeypatch.context() as patched:
        patched.setattr("diagnosis.imaging.radiograph.read_radiograph", None)
        patched.setattr("diagnosis.imaging.decoding.read_untrusted", None)
        answer = client.get(reverse("diagnosis:full", args=[study.uuid]))
    Path(study.original.path).unlink()
    assert body_of(answer) == Path(study.full.path).read_bytes()
    full = Image.open(study.full.path)
    assert (full.size, full.mode, full.format) == ((2600, 2000), "L", "JPEG")
    with Image.open(io.BytesIO(content)) as original:
        difference = np.asarray(full, np.float64) - np.asarray(original, np.float64)
    assert np.abs(difference).mean() < 2


def test_a_small_radiograph_is_not_scaled(client: Client, diagnosis: Diagnosis) -> None:
    study = diagnosis.study
    assert not study.is_reduced
    assert picture(client.get(reverse("diagnosis:full", args=[study.uuid]))).size == (320, 256)


@pytest.mark.parametrize(("width", "height"), [(2049, 1), (2500, 2048), (2048, 2048), (1, 5000), (3001, 2999), (50, 9)])
def test_the_shown_size_is_that_of_the_copy(width: int, height: int) -> None:
    copy = Image.open(io.BytesIO(display_jpeg(np.zeros((height, width), np.uint8))))
    assert copy.size == shown_size(width, height)
