"""Counts requests for Prometheus, and how long they took. Labels are names of addresses, never an address itself."""

from collections.abc import Callable
from time import perf_counter

from django.http import HttpRequest, HttpResponse
from prometheus_client import Counter, Histogram

REQUESTS = Counter(
    "covidxray_requests", "Requests by method, name of the address and status", ["method", "view", "status"]
)
REQUEST_SECONDS = Histogram(
    "covidxray_request_seconds",
    "Time from a request to its answer, by part of the site",
    ["part"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2.5, 5, 10, 30, 60),
)
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
_NO_ADDRESS = "none"


class RequestMetricsMiddleware:
    """Around everything else, so that a request that is turned away early is counted too."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = perf_counter()
        response = self.get_response(request)
        match = request.resolver_match
        method = request.method if request.method in _METHODS else "other"
        REQUESTS.labels(method, match.view_name if match else _NO_ADDRESS, response.status_code).inc()
        part = (match.namespaces[0] if match.namespaces else "site") if match else _NO_ADDRESS
        REQUEST_SECONDS.labels(part).observe(perf_counter() - started)
        return response
