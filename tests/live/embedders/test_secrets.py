"""The key is in no message, repr, traceback or log, whatever the service does with it."""

import logging
import traceback
from collections.abc import Callable

import pytest

from backfill.live.embedders import Embedder, Unavailable
from backfill.live.embedders.failed import quoted

from .conftest import KEY
from .service import Fault, Service, cut, raw, status


@pytest.mark.parametrize(
    "fault",
    [
        None, cut,
        status(429, f"Bearer {KEY} has had enough"), status(400, f"{KEY}" * 50),
        status(401, f"wrong key {KEY[:9]}***{KEY[-6:]}"), status(500, KEY, X_Echo=KEY),
        status(307, KEY, Location=f"http://127.0.0.1:1/{KEY}"),
        raw(f'{{"error": "{KEY}"}}'.encode()), raw(KEY.encode()),
        raw(b"{}", Content_Encoding=KEY),
    ],
)  # fmt: skip
def test_the_key_is_told_to_nobody(
    service: Service,
    made: Callable[..., Embedder],
    caplog: pytest.LogCaptureFixture,
    fault: Fault | None,
) -> None:
    caplog.set_level(logging.DEBUG)
    service.always = fault
    embedder = made(patience=0)
    told = [repr(embedder), str(vars(embedder)), embedder.identity]
    try:
        embedder.documents(["a text"])
    except Unavailable as error:
        told += traceback.format_exception(error)
        told.append(repr(error))
    logs = [each.getMessage() for each in caplog.records if each.name.startswith("httpx")]
    assert logs or fault is cut
    everything = "".join(told + logs)
    for part in (KEY, KEY[:9], KEY[-6:]):
        assert part not in everything


def test_values_of_variables_named_as_credentials_are_not_quoted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MY_API_KEY", "hunter22")
    monkeypatch.setenv("USE_KEY", "1")
    monkeypatch.setenv("DB_PASSWORD", "hunter22-longer")
    said = quoted("1: hunter22-longer and hunter22\r\nagain", ["spoken"])
    assert said == "1: *** and *** again"
    assert quoted("spoken", ["spoken"]) == "***"
    assert len(quoted("x" * 9999)) == 200
