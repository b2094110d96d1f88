"""Counters for Prometheus; no label ever carries a place, a person or an address.

Where several web processes serve (`--workers`), whichever is asked adds up what all have counted.
"""

import os

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, multiprocess

REGISTRY = CollectorRegistry()
REQUESTS = Counter("province_requests", "Answers by route and status class", ("route", "status"), registry=REGISTRY)
SECONDS = Histogram("province_request_seconds", "Time to answer", ("route",), registry=REGISTRY, buckets=(0.005, 0.02, 0.1, 0.5, 2, 10))
CODES = Counter("province_otp_asked", "One-time codes asked for", registry=REGISTRY)
DECLARED = Counter("province_web_declarations", "Declarations over the web", ("mode",), registry=REGISTRY)
ARRIVED = Counter("province_web_arrivals", "Arrivals by poster", ("again",), registry=REGISTRY)
HELD = Gauge("province_events_held", "Events held", registry=REGISTRY, multiprocess_mode="mostrecent")
WAITING = Gauge(
    "province_events_waiting", "Events and web records held and not opened", registry=REGISTRY, multiprocess_mode="mostrecent"
)


def text() -> bytes:
    if not os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        return generate_latest(REGISTRY)
    everybody = CollectorRegistry()
    multiprocess.MultiProcessCollector(everybody)  # type: ignore[no-untyped-call]
    return generate_latest(everybody)
