"""A service in the OpenAI form, asked for real, that fails in all the ways that services do."""

import re
import socket
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import numpy as np
import pytest
from pydantic import ValidationError

from backfill.errors import InputError
from backfill.live.embedders import EMBEDDERS, Embedder, Unavailable
from backfill.live.embedders.http import retry_after
from backfill.live.embedders.openai import OpenAISettings, packed

from .conftest import KEY
from .service import (
    Fault,
    Reply,
    Service,
    cut,
    fewer,
    not_a_number,
    ragged,
    raw,
    shuffled,
    silent,
    status,
    trickling,
    wider,
    words,
    zeros,
)

Make = Callable[..., Embedder]
TEXTS = ["one two", "three", "four five six"]


def right(texts: list[str] = TEXTS) -> np.ndarray:
    rows = words("words", texts, 8)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_vectors_are_those_of_the_service_at_unit_length(service: Service, made: Make) -> None:
    embedding = made().documents(TEXTS)
    np.testing.assert_allclose(embedding.vectors, right(), atol=1e-6)
    assert embedding.vectors.dtype == np.float32
    assert embedding.tokens == 6
    (request,) = service.requests
    assert request.path == "/v1/embeddings"
    assert request.headers["Authorization"] == f"Bearer {KEY}"
    assert request.content == {"model": "words", "input": TEXTS}


def test_without_a_key_none_is_sent(service: Service, made: Make) -> None:
    made(key_from=None).documents(TEXTS)
    assert "Authorization" not in service.requests[0].headers


@pytest.mark.parametrize("encoding", ["float", "base64"])
def test_dimensions_and_encoding_are_asked_for(service: Service, made: Make, encoding: str) -> None:
    embedder = made(dimensions=5, encoding=encoding)
    assert embedder.width == 5
    assert service.requests == []
    rows = embedder.documents(["one"]).vectors
    expected = words("words", ["one"], 5)
    np.testing.assert_allclose(rows, expected / np.linalg.norm(expected), atol=1e-6)


def test_the_width_is_asked_for_once(service: Service, made: Make) -> None:
    embedder = made()
    assert [embedder.width, embedder.width] == [8, 8]
    assert len(service.requests) == 1
    assert embedder.documents([]).vectors.shape == (0, 8)


def test_prompts_stand_before_texts_and_long_ones_are_cut(service: Service, made: Make) -> None:
    embedder = made(document_prompt="passage: ", query_prompt="query: ", longest=4)
    embedder.documents(["abcdefgh", ""])
    embedder.queries(["abcdefgh"])
    assert [each.texts for each in service.requests] == [
        ["passage: abcd", "passage: "],
        ["query: abcd"],
    ]


def test_what_services_refuse_in_a_text_is_replaced(service: Service, made: Make) -> None:
    made().documents(["", "a\ud800b"])
    assert service.requests[0].texts == [" ", "a?b"]


def test_long_lists_are_several_requests_in_order(service: Service, made: Make) -> None:
    texts = [f"text {k}" for k in range(10)]
    embedding = made(batch_size=4).documents(texts)
    assert [len(each.texts) for each in service.requests] == [4, 4, 2]
    np.testing.assert_allclose(embedding.vectors, right(texts), atol=1e-6)
    assert embedding.tokens == 20


def test_requests_hold_no_more_texts_and_characters_than_allowed() -> None:
    texts = ["a" * 5, "b" * 5, "c" * 30, "d", "e", "f", "g"]
    parts = [list(part) for part in packed(texts, 3, 10)]
    assert parts == [["a" * 5, "b" * 5], ["c" * 30], ["d", "e", "f"], ["g"]]


@pytest.mark.parametrize(
    "fault",
    [
        status(429, "slow down"), status(500), status(503), status(408), cut, fewer, ragged,
        not_a_number, zeros, raw(b"<html>"), raw(b""), raw(b"{}"), raw(b"[" * 100_000),
        raw(b'{"data": []}'), raw(b"nonsense", Content_Encoding="gzip"),
    ],
)  # fmt: skip
def test_one_failure_is_tried_again(service: Service, made: Make, fault: Fault) -> None:
    service.faults.append(fault)
    np.testing.assert_allclose(made().documents(TEXTS).vectors, right(), atol=1e-6)
    assert len(service.requests) == 2


@pytest.mark.parametrize(
    ("fault", "got"),
    [
        (status(429, "slow\n\x1b[31mdown"), r"429 Too Many Requests: slow \[31mdown"),
        (status(529), "529"),
        (cut, "RemoteProtocolError"),
        (fewer, "2 vectors"),
        (wider, "vectors of width 9"),
        (ragged, "3 vectors of widths from 8 to 9"),
        (not_a_number, "numbers that are not finite for the text 'four five six' of 13 char"),
        (zeros, "a vector of zeros for the text 'four five six'"),
        (raw(b"<html>"), "an answer that is not JSON, 6 bytes"),
        (raw(b'{"error": {"message": "overloaded"}}'), "an answer without `data`: overloaded"),
    ],
)
def test_lasting_failures_are_told_with_what_was_expected(
    service: Service, made: Make, fault: Fault, got: str
) -> None:
    service.always = fault
    embedder = made(patience=0.4, dimensions=8)
    place = re.escape(service.url.removesuffix("/v1"))
    expected = rf"^words at {place}: expected 3 vectors of width 8, got {got}"
    with pytest.raises(Unavailable, match=expected) as raised:
        embedder.documents(TEXTS)
    tries = re.search(r"; tried (\d+) times in \d s$", str(raised.value))
    assert int(tries[1]) == len(service.requests) > 1


def test_a_width_that_changes_is_refused(service: Service, made: Make) -> None:
    embedder = made(patience=0)
    embedder.documents(TEXTS)
    service.always = wider
    with pytest.raises(Unavailable, match="expected 3 vectors of width 8, got vectors of width 9"):
        embedder.documents(TEXTS)


def test_an_order_of_its_own_is_put_right(service: Service, made: Make) -> None:
    service.always = shuffled
    np.testing.assert_allclose(made().documents(TEXTS).vectors, right(), atol=1e-6)


@pytest.mark.parametrize("code", [401, 403, 404, 405, 308, 302])
def test_what_repeating_does_not_mend_is_not_repeated(
    service: Service, made: Make, code: int
) -> None:
    service.always = status(code, KEY[:10], Location=service.url)
    with pytest.raises(Unavailable, match=str(code)) as raised:
        made().documents(TEXTS)
    assert len(service.requests) == 1
    assert code in (404, 405) or KEY[:10] not in str(raised.value)


def test_a_redirect_is_not_followed_to_another_host(service: Service, made: Make) -> None:
    with Service() as other:
        service.always = status(307, Location=f"{other.url}/embeddings")
        with pytest.raises(Unavailable, match="redirects are not followed"):
            made().documents(TEXTS)
        assert other.requests == []


def test_the_service_says_how_long_to_wait(service: Service, made: Make) -> None:
    service.faults.append(status(429, Retry_After="1"))
    start = time.monotonic()
    made().documents(TEXTS)
    assert 1.0 <= time.monotonic() - start < 2.5


def test_a_wait_beyond_patience_ends_at_once(service: Service, made: Make) -> None:
    service.always = status(503, Retry_After="3600")
    with pytest.raises(Unavailable, match=r"503 .*\(asks to wait 3600 s\)$"):
        made().documents(TEXTS)
    assert len(service.requests) == 1


def test_waits_are_seconds_or_a_date() -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    assert retry_after(date) == pytest.approx(30, abs=2)
    past = format_datetime(datetime.now(UTC) - timedelta(days=1), usegmt=True)
    assert [retry_after(past), retry_after(" 7 ")] == [0, 7]
    for nonsense in ("", "soon", "-5", "1e9", "9" * 400, "Mon, 99 Foo 2020", "\u0663"):
        assert retry_after(nonsense) is None or retry_after(nonsense) < 10


@pytest.mark.parametrize("fault", [silent(2.0), trickling(0.05)])
def test_slow_answers_end_in_time(service: Service, made: Make, fault: Fault) -> None:
    service.always = fault
    start = time.monotonic()
    with pytest.raises(Unavailable, match=r"got no (whole )?answer in 0\.\d"):
        made(timeout=0.4, patience=0).documents(TEXTS)
    assert time.monotonic() - start < 1.5


def test_queries_have_less_patience_than_documents(service: Service, made: Make) -> None:
    service.always = status(503)
    with pytest.raises(Unavailable):
        made(query_patience=0, patience=100).queries(["one"])
    assert len(service.requests) == 1


def test_nobody_there_is_told(made: Make) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    embedder = made(base_url=f"http://127.0.0.1:{port}/v1", patience=0)
    with pytest.raises(Unavailable, match=r"got ConnectError: .*refused"):
        embedder.documents(TEXTS)


def test_an_answer_without_end_is_not_read_to_its_end(service: Service, made: Make) -> None:
    service.always = raw(b" " * (5 << 20))
    with pytest.raises(Unavailable, match="got more than 4194304 bytes"):
        made(patience=0).documents(TEXTS)


def test_a_text_that_is_refused_is_found_among_others(service: Service, made: Make) -> None:
    answer = service.reply

    def too_long(request: object) -> Reply:
        service.always = status(400, "too many tokens") if "long" in request.texts else None
        return answer(request)

    service.reply = too_long
    texts = [f"text {k}" for k in range(7)]
    with pytest.raises(
        Unavailable,
        match=r"expected 1 vector of .*400 Bad Request: too many tokens, for the text 'long' of 4",
    ):
        made().documents([*texts, "long"])
    np.testing.assert_allclose(made().documents(texts).vectors, right(texts), atol=1e-6)


def test_a_request_that_is_too_large_is_cut_up(service: Service, made: Make) -> None:
    answer = service.reply

    def small_only(request: object) -> Reply:
        service.always = status(413) if len(request.texts) > 2 else None
        return answer(request)

    service.reply = small_only
    texts = [f"text {k}" for k in range(7)]
    np.testing.assert_allclose(made().documents(texts).vectors, right(texts), atol=1e-6)


def test_identity_is_what_changes_vectors(made: Make) -> None:
    same = made().identity
    assert same == '{"model": "words", "provider": "openai"}'
    for unchanged in ({"base_url": "http://elsewhere:1/v1"}, {"query_prompt": "q"}, {"timeout": 3}):
        assert made(**unchanged).identity == same
    changes = ({"model": "b"}, {"dimensions": 4}, {"document_prompt": "p"}, {"longest": 5})
    assert len({same, *(made(**change).identity for change in changes)}) == 5


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"base_url": "127.0.0.1:80"}, "begins with http"),
        ({"base_url": "ftp://a/v1"}, "begins with http"),
        ({"base_url": "http://[::1"}, "begins with http"),
        ({"base_url": "http://a:99999"}, "begins with http"),
        ({"base_url": f"http://me:{KEY}@a/v1"}, "without user, password"),
        ({"base_url": f"http://a/v1?api-key={KEY}"}, "without user, password"),
        ({"key_from": KEY}, "the name of an environment variable"),
        ({"api_key": KEY}, "Extra inputs"),
        ({"dimensions": 0}, "greater than or equal to 1"),
    ],
)
def test_settings_are_checked_and_not_quoted(settings: dict[str, object], message: str) -> None:
    given = {"base_url": "http://a", "model": "m"} | settings
    with pytest.raises(ValidationError, match=message) as raised:
        EMBEDDERS["openai"].settings.model_validate(given)
    assert KEY not in str(raised.value)


def test_a_key_that_is_not_there_or_no_key_is_named(
    made: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedder = made()
    for value in (f"{KEY}\n{KEY}", f"{KEY}\u20ac", f"{KEY} x"):
        monkeypatch.setenv("SERVICE_CREDENTIAL", value)
        with pytest.raises(InputError, match="characters that no key has") as raised:
            embedder.documents(TEXTS)
        assert KEY not in str(raised.value)
    monkeypatch.delenv("SERVICE_CREDENTIAL")
    with pytest.raises(InputError, match="SERVICE_CREDENTIAL: expected an API key in this"):
        embedder.documents(TEXTS)


def test_an_unusable_proxy_is_named_without_its_password(
    made: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "gopher://me:hunter22@127.0.0.1:1")
    with pytest.raises(InputError, match=r"^HTTP_PROXY.*refuses") as raised:
        made().documents(TEXTS)
    assert "hunter22" not in str(raised.value)


@pytest.mark.parametrize(
    "sent",
    [b"", b"\0" * 4096, b"HTTP/1.1 two\r\n\r\n", b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 200 OK\r\n"],
)
def test_what_is_no_web_server_is_told(made: Make, sent: bytes) -> None:
    def answer(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(sent)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=answer, args=(listening,))
        thread.start()
        embedder = made(base_url=f"http://127.0.0.1:{listening.getsockname()[1]}/v1", patience=0)
        with pytest.raises(Unavailable, match=r"got (RemoteProtocolError|ReadError)"):
            embedder.documents(TEXTS)
        thread.join()


def test_settings_have_no_field_for_a_key() -> None:
    assert not [name for name in OpenAISettings.model_fields if name in ("key", "api_key")]
