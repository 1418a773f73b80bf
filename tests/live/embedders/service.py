"""A real embedding service on the loopback interface, which fails when it is told to.

`python service.py` serves until it is ended; with `--model` a model of sentence-transformers
embeds, otherwise vectors are sums of one random vector per word.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

import numpy as np

WIDTH = 8


@lru_cache(maxsize=100_000)
def _of_word(model: str, word: str, width: int) -> np.ndarray:
    seed = int.from_bytes(hashlib.blake2b(f"{model} {word}".encode(), digest_size=8).digest())
    return np.random.default_rng(seed).normal(size=width)


def words(model: str, texts: list[str], width: int) -> np.ndarray:
    """(n, width): what texts share are words; each model has its own vector per word."""
    return np.array(
        [np.sum([_of_word(model, w, width) for w in ["", *text.split()]], axis=0) for text in texts]
    )


@dataclass
class Reply:
    """What is about to be sent; a fault changes it."""

    content: dict[str, Any]
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None  # instead of the content
    after: float = 0.0  # seconds of silence
    trickle: float = 0.0  # seconds between bytes
    cut: bool = False  # the connection ends without an answer

    @property
    def data(self) -> list[dict[str, Any]]:
        """Its entries."""
        return self.content["data"]


Fault = Callable[[Reply], None]


@dataclass
class Request:
    """What was asked."""

    path: str
    headers: dict[str, str]
    content: dict[str, Any]

    @property
    def texts(self) -> list[str]:
        """Its texts."""
        return self.content["input"]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever asked is gone: that is theirs to tell."""


class Service:
    """Serves `POST /v1/embeddings` in a thread of its own, until the block ends.

    Attributes:
        faults: the next requests meet these, one each; None: none.
        always: all others meet this.
        requests: all that were made.
    """

    def __init__(
        self,
        embed: Callable[[str, list[str], int], np.ndarray] = words,
        width: int = WIDTH,
        port: int = 0,
    ) -> None:
        self.embed, self.width = embed, width
        self.faults: deque[Fault | None] = deque()
        self.always: Fault | None = None
        self.requests: list[Request] = []
        self._server = _Server(("127.0.0.1", port), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def reply(self, request: Request) -> Reply:
        """The right answer, after what the next fault makes of it."""
        asked = request.content
        rows = self.embed(asked["model"], request.texts, asked.get("dimensions") or self.width)
        encoded = rows.astype(np.float32).tolist()
        if asked.get("encoding_format") == "base64":
            encoded = [base64.b64encode(row.astype("<f4").tobytes()).decode() for row in rows]
        data = [
            {"object": "embedding", "index": at, "embedding": row} for at, row in enumerate(encoded)
        ]
        tokens = sum(len(text.split()) for text in request.texts)
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        reply = Reply({"object": "list", "data": data, "model": asked["model"], "usage": usage})
        fault = self.faults.popleft() if self.faults else self.always
        if fault is not None:
            fault(reply)
        return reply

    def _handler(service) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                request = Request(self.path, dict(self.headers), json.loads(body))
                service.requests.append(request)
                reply = service.reply(request)
                time.sleep(reply.after)
                if reply.cut:
                    self.close_connection = True
                    return
                sent = json.dumps(reply.content).encode() if reply.raw is None else reply.raw
                headers = {"Content-Type": "application/json", "Content-Length": str(len(sent))}
                self.send_response(reply.status)
                for name, value in (headers | reply.headers).items():
                    self.send_header(name, value)
                self.end_headers()
                self._send(sent, reply.trickle)

            def _send(self, sent: bytes, trickle: float) -> None:
                if not trickle:
                    self.wfile.write(sent)
                    return
                for byte in sent:
                    self.wfile.write(bytes([byte]))
                    self.wfile.flush()
                    time.sleep(trickle)

            def log_message(self, format: str, *values: Any) -> None:
                return

        return Handler


def status(code: int, message: str = "", **headers: str) -> Fault:
    """A refusal: `Retry_After="1"` is a header."""

    def fault(reply: Reply) -> None:
        reply.status, reply.content = code, {"error": {"message": message}}
        reply.headers = {name.replace("_", "-"): value for name, value in headers.items()}

    return fault


def raw(sent: bytes, **headers: str) -> Fault:
    """These bytes, with status 200."""

    def fault(reply: Reply) -> None:
        reply.raw, reply.headers = sent, {k.replace("_", "-"): v for k, v in headers.items()}

    return fault


def silent(seconds: float) -> Fault:
    """An answer that comes late."""

    def fault(reply: Reply) -> None:
        reply.after = seconds

    return fault


def trickling(seconds: float) -> Fault:
    """An answer that comes byte by byte."""

    def fault(reply: Reply) -> None:
        reply.trickle = seconds

    return fault


def cut(reply: Reply) -> None:
    """No answer: the connection ends."""
    reply.cut = True


def fewer(reply: Reply) -> None:
    """One vector is missing."""
    reply.data.pop()


def wider(reply: Reply) -> None:
    """All vectors have a dimension too many."""
    for entry in reply.data:
        entry["embedding"].append(1.0)


def ragged(reply: Reply) -> None:
    """The last vector has a dimension too many."""
    reply.data[-1]["embedding"].append(1.0)


def not_a_number(reply: Reply) -> None:
    """The last vector has a NaN."""
    reply.data[-1]["embedding"][0] = float("nan")


def zeros(reply: Reply) -> None:
    """The last vector is zero."""
    reply.data[-1]["embedding"] = [0.0] * len(reply.data[-1]["embedding"])


def shuffled(reply: Reply) -> None:
    """Right, in another order."""
    reply.data.reverse()


def by_model(folder: str) -> Callable[[str, list[str], int], np.ndarray]:
    """A model of sentence-transformers embeds, whatever name is asked for."""
    from sentence_transformers import SentenceTransformer

    model, one = SentenceTransformer(folder), threading.Lock()

    def embed(name: str, texts: list[str], width: int) -> np.ndarray:
        with one:
            return np.asarray(model.encode(texts, show_progress_bar=False))

    return embed


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--width", type=int, default=WIDTH)
    parser.add_argument("--model", help="folder of a model of sentence-transformers")
    options = parser.parse_args()
    embed = by_model(options.model) if options.model else words
    with Service(embed, options.width, options.port) as running:
        print(running.url, flush=True)
        threading.Event().wait()
