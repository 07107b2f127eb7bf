"""What a person, a stranger and an attacker get from the site as it runs on a server."""

import json
import re
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import product
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser, expect

from scripts.stack import until
from tests.cast import PASSWORD
from tests.chests import new_chest
from tests.deploy.site import Site

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

SECURITY_HEADERS = (
    "X-Content-Type-Options",
    "X-Frame-Options",
    "Content-Security-Policy",
    "Referrer-Policy",
    "Cross-Origin-Opener-Policy",
    "Cache-Control",
)


@pytest.fixture(scope="module")
def alice(stack: Site) -> requests.Session:
    return stack.signed_in("alice")


@pytest.fixture(scope="module")
def content() -> bytes:
    return new_chest()


@pytest.fixture(scope="module")
def page(stack: Site, alice: requests.Session, content: bytes) -> requests.Response:
    """The result page of an upload that went through nginx."""
    answer = stack.upload(alice, content, "thorax é.png")
    assert answer.status_code in (200, 201), answer.text
    return alice.get(stack.url + answer.json()["result"])


@pytest.fixture(scope="module")
def study(page: requests.Response) -> str:
    found = re.search(r"/studies/([0-9a-f-]{36})/display\.jpg", page.text)
    assert found
    return found.group(1)


def stored_file(stack: Site, study: str, name: str) -> Path:
    return stack.folder / "media" / "radiographs" / study[:2] / study / name


def test_pictures_come_from_nginx_byte_for_byte(stack: Site, alice: requests.Session, study: str) -> None:
    for name in ("display.jpg", "thumbnail.jpg"):
        answer = alice.get(f"{stack.url}/studies/{study}/{name}")
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/jpeg")
        assert answer.content == stored_file(stack, study, name).read_bytes()
        assert answer.headers["Accept-Ranges"] == "bytes", "Django itself does not say so"


def test_the_original_is_only_ever_saved(stack: Site, alice: requests.Session, study: str, content: bytes) -> None:
    answer = alice.get(f"{stack.url}/studies/{study}/original")
    assert answer.content == content
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"] == "attachment; filename*=utf-8''thorax%20%C3%A9.png"


def test_a_report_comes_from_nginx_too(stack: Site, alice: requests.Session, page: requests.Response) -> None:
    form = {"csrfmiddlewaretoken": alice.cookies["csrftoken"], "variant": "full"}
    made = alice.post(f"{page.url}report/", form)
    answer = alice.get(f"{made.url}report.pdf")
    assert (answer.headers["Content-Type"], answer.content[:5]) == ("application/pdf", b"%PDF-")
    assert answer.headers["Content-Disposition"].startswith('inline; filename="')
    assert answer.headers["Accept-Ranges"] == "bytes"


def test_what_nginx_sends_has_the_headers_of_a_page(
    stack: Site, alice: requests.Session, page: requests.Response, study: str
) -> None:
    picture = alice.get(f"{stack.url}/studies/{study}/display.jpg")
    for name in SECURITY_HEADERS:
        assert picture.headers[name] == page.headers[name], name
    assert "Last-Modified" not in picture.headers
    assert "ETag" not in picture.headers
    assert "X-Accel-Redirect" not in picture.headers


def test_permission_comes_first(stack: Site, study: str) -> None:
    for name in ("display.jpg", "thumbnail.jpg", "full.jpg", "original"):
        address = f"{stack.url}/studies/{study}/{name}"
        assert stack.signed_in("charlie").get(address).status_code == 404
        assert stack.visitor().get(address, allow_redirects=False).headers["Location"].startswith("/accounts/sign-in/")
    assert stack.signed_in("bob").get(f"{stack.url}/studies/{study}/display.jpg").status_code == 200


def raw(stack: Site, head: str) -> tuple[int, str]:
    """Send a request head unchanged, which no library would, and return status and answer."""
    context = ssl.create_default_context(cafile=str(stack.folder / "tls.crt"))
    with (
        socket.create_connection(("localhost", stack.https_port), timeout=60) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        connection.sendall(f"{head}\r\nHost: localhost:{stack.https_port}\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    return int(answer.split()[1]), answer.decode(errors="replace")


def test_stored_files_have_no_address_from_outside(stack: Site, alice: requests.Session, study: str) -> None:
    name = f"radiographs/{study[:2]}/{study}/display.jpg"
    assert (stack.folder / "media" / name).is_file()
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in alice.cookies)
    for path in (
        f"/stored/{name}",
        f"/media/{name}",
        f"/{name}",
        f"/static/../media/{name}",
        f"/static/..%2fmedia/{name}",
        f"/static../media/{name}",
        f"/stored../media/{name}",
        f"//stored/{name}",
        f"/stored/./{name}",
        f"/%73tored/{name}",
        "/stored/../covidxray.env",
        "/static/../covidxray.sqlite3",
        "/static/errors/413.en.html",
        "/errors/413.en.html",
    ):
        status, answer = raw(stack, f"GET {path} HTTP/1.1\r\nCookie: {cookies}\r\nX-Accel-Redirect: /stored/{name}")
        assert status in (400, 404), f"{path}: {answer[:200]}"
        assert "image/jpeg" not in answer
        assert "SECRET_KEY" not in answer


def test_an_oversized_upload_is_refused(stack: Site, alice: requests.Session) -> None:
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in alice.cookies)
    size = 200 * 1024**2 + 1
    status, answer = raw(stack, f"POST /upload/ HTTP/1.1\r\nCookie: {cookies}\r\nContent-Length: {size}")
    assert status == 413
    assert "Too large" in answer
    assert "One upload may hold 200 MB" in answer
    for sheet in re.findall(r'href="(/static/[^"]+)"', answer):
        assert alice.get(stack.url + sheet).status_code == 200, sheet
    status, answer = raw(stack, f"POST /upload/ HTTP/1.1\r\nAccept-Language: ms-MY\r\nContent-Length: {size}")
    assert 'lang="ms"' in answer


@pytest.mark.browser
def test_a_browser_that_sends_too_much_sees_it_too(stack: Site, browser: Browser, tmp_path: Path) -> None:
    """By HTTP/2, with the whole body, without scripts."""
    with (tmp_path / "large.png").open("wb") as file:
        file.truncate(201 * 1024**2)
    context = browser.new_context(ignore_https_errors=True, java_script_enabled=False)
    context.set_default_timeout(120_000)
    page = context.new_page()
    page.goto(f"{stack.url}/accounts/sign-in/")
    page.fill("[name=username]", "alice")
    page.fill("[name=password]", PASSWORD)
    page.click("main button[type=submit]")
    page.goto(f"{stack.url}/upload/")
    page.set_input_files("input[type=file]", tmp_path / "large.png")
    page.locator("main form[enctype] button[type=submit]").first.click()
    expect(page.locator("h1")).to_have_text("Too large")
    expect(page.locator(".error-code")).to_have_css("font-weight", "700")
    context.close()


def test_other_forms_take_a_megabyte(stack: Site) -> None:
    size = 1024**2 + 1
    assert raw(stack, f"POST /accounts/sign-in/ HTTP/1.1\r\nContent-Length: {size}")[0] == 413


def test_a_large_upload_reaches_the_site(stack: Site, alice: requests.Session) -> None:
    answer = stack.upload(alice, b"\x89PNG\r\n\x1a\n" + bytes(49 * 1024**2), "noise.png")
    assert answer.status_code == 422
    assert answer.json()["state"] == "refused"


def test_http_redirects_except_health_checks(stack: Site) -> None:
    """Plain http leads to https except for machines that ask for health."""
    answer = stack.visitor().get(f"{stack.plain_url}/results/?q=x", allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (301, f"{stack.url}/results/?q=x")
    for url in (stack.plain_url, stack.url):
        assert stack.visitor().get(f"{url}/healthz").text == "ok"
        ready = stack.visitor().get(f"{url}/readyz")
        assert (ready.status_code, ready.json()) == (200, {"database": "ok", "storage": "ok", "model": "ok"})
    by_address = stack.visitor().get(f"http://127.0.0.1:{stack.http_port}/healthz", headers={"Host": "10.1.2.3"})
    assert by_address.text == "ok"


def test_static_files_are_small_and_kept(stack: Site, page: requests.Response) -> None:
    sheet = re.search(r'href="(/static/covidxray/css/site\.[0-9a-f]+\.css)"', page.text)
    assert sheet
    answer = stack.visitor().get(stack.url + sheet.group(1))
    assert answer.headers["Content-Encoding"] == "gzip"
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_the_request_id_is_the_sites_own(stack: Site, alice: requests.Session) -> None:
    """A request has one number in answer and logs and it is not the client's."""
    own = "0" * 32
    answer = alice.get(f"{stack.url}/results/", headers={"X-Request-ID": own})
    number = answer.headers["X-Request-ID"]
    assert re.fullmatch("[0-9a-f]{32}", number)
    assert number != own
    # Both write their record when the answer has been sent.
    until(lambda: f'"request":"{number}"' in (stack.folder / "nginx" / "covidxray.log").read_text(), "nginx's record")
    until(lambda: f'"request": "{number}"' in stack.log.read_text(), "gunicorn's record")


def test_logs_have_no_search_and_no_key(stack: Site, alice: requests.Session) -> None:
    alice.get(f"{stack.url}/results/", params={"q": "Canary-Patient"}, headers={"Referer": f"{stack.url}/?q=Canary"})
    raw(stack, f"POST /results/?q=Canary-Patient HTTP/1.1\r\nContent-Length: {10**9}")
    raw(stack, 'GET /Line%0abreak%22quoted" HTTP/1.1')
    alice.get(f"{stack.url}/accounts/forgotten/MQ/canary-key-of-a-link/")
    assert alice.head(f"{stack.url}/results/").headers["Content-Type"].startswith("text/html")
    log = stack.folder / "nginx" / "covidxray.log"
    until(lambda: '"/accounts/forgotten/…"' in log.read_text(), "nginx's record")  # written after the answer
    nginx = "".join(path.read_text() for path in (stack.folder / "nginx").glob("*.log"))
    site = stack.log.read_text()
    assert "anary" not in nginx + site
    assert "no-body response" not in site  # gunicorn's warning of what Django answers to HEAD
    records = [json.loads(line) for line in log.read_text().splitlines()]
    records += [json.loads(line) for line in site.splitlines() if line.startswith("{")]
    assert {"nginx", "gunicorn.access"} <= {record["logger"] for record in records}


def test_the_client_address_is_nginxs(stack: Site) -> None:
    session = stack.visitor()
    address = f"{stack.url}/accounts/sign-in/"
    session.get(address)
    form = {"username": "nobody-here", "password": "x", "csrfmiddlewaretoken": session.cookies["csrftoken"]}
    session.post(address, form, headers={"X-Forwarded-For": "6.6.6.6", "X-Forwarded-Proto": "http"})
    shown = stack.manage(
        "shell", "-c", "from axes.models import AccessAttempt as A; print(set(A.objects.values_list('ip_address')))"
    )
    assert "127.0.0.1" in shown
    assert "6.6.6.6" not in shown


def test_strangers_send_a_megabyte_and_no_more(stack: Site, alice: requests.Session) -> None:
    """Neither a session's cookie nor a token, or forged ones: refused before nginx has stored what they send."""
    size = 1024**2 + 1
    forged = ("", "\r\nCookie: sessionid=forged", "\r\nAuthorization: Bearer forged")
    lengths = (f"Content-Length: {size}", "Transfer-Encoding: chunked")
    paths = ("/upload/", "/api/results/", "/api/sign-in/")
    heads = [f"POST {path} HTTP/1.1\r\n{length}{header}" for path, length, header in product(paths, lengths, forged)]
    with ThreadPoolExecutor(len(heads)) as pool:  # nginx goes on listening for seconds after its answer
        statuses = dict(zip(heads, pool.map(lambda head: raw(stack, head)[0], heads), strict=True))
    assert set(statuses.values()) == {413}, statuses
    for path in ("/large/upload/", "/accounts/may-send/"):
        assert raw(stack, f"GET {path} HTTP/1.1")[0] == 404
    assert stack.visitor().get(f"{stack.url}/upload/", allow_redirects=False).status_code == 302
    assert stack.visitor().get(f"{stack.url}/api/results/").status_code == 401


def test_two_hundred_slow_clients_stop_no_one(stack: Site, alice: requests.Session) -> None:
    """Silent ones, halves of heads and of bodies, over TLS, while a radiographer works."""
    context = ssl.create_default_context(cafile=str(stack.folder / "tls.crt"))
    post = b"POST /accounts/sign-in/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\na"
    starts = (b"", b"GET / HTTP/1.1\r\nHost: loc", post)
    with ExitStack() as held:
        for number in range(200):
            plain = held.enter_context(socket.create_connection(("localhost", stack.https_port), timeout=60))
            connection = held.enter_context(context.wrap_socket(plain, server_hostname="localhost"))
            connection.sendall(starts[number % len(starts)])
        answer = stack.upload(alice)
        assert answer.status_code == 201
        seconds = []
        for _ in range(20):
            page = alice.get(stack.url + answer.json()["result"])
            assert page.status_code == 200
            seconds.append(page.elapsed.total_seconds())
        assert sorted(seconds)[10] < 2


def test_one_address_asks_only_so_often(stack: Site) -> None:
    """Signing in: thirty at once, and two in a second."""
    form = {"username": "nobody-at-all", "password": "x"}
    with ThreadPoolExecutor(8) as pool:
        address = f"{stack.url}/api/sign-in/"
        statuses = list(pool.map(lambda _number: stack.visitor().post(address, json=form).status_code, range(80)))
    assert 429 in statuses
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _number: stack.visitor().post(address, json=form), range(40)))
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.json()["detail"] == "Too many requests at once. Wait half a minute, then try again."
    status, page = raw(stack, "POST /accounts/sign-in/ HTTP/1.1\r\nContent-Length: 0")
    assert (status, "Too many requests" in page, "covidxray" in page) == (429, True, True)
    assert stack.visitor().get(f"{stack.url}/healthz").text == "ok"
