"""One wrapper for all models: vectors are checked, and what fails is tried again with patience."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from pydantic import Field

from backfill.errors import needs
from backfill.live.embedders.base import Embedding, Unavailable, joined
from backfill.live.embedders.failed import Failed
from backfill.live.embedders.registry import EmbedderSettings
from backfill.live.embedders.rows import described, unit_rows
from backfill.texts.models import Role

if TYPE_CHECKING:
    from tenacity import RetryCallState, Retrying

_FIRST, _LONGEST = 0.25, 30.0  # seconds between tries; up to twice as long, at random
_TRIES_OF_ONE = 4  # of a request in which one text alone has no usable vector


class Patience(EmbedderSettings):
    """Settings of a model that may fail for a while."""

    patience: float = Field(
        120, ge=0, description="seconds for which a failed request for documents is repeated"
    )
    query_patience: float = Field(
        10, ge=0, description="seconds for which a failed request for queries is repeated"
    )


class Answer(NamedTuple):
    """What a model returned, not checked yet.

    Attributes:
        rows: vectors, if all is well.
        tokens: that a service counted.
    """

    rows: object
    tokens: int | None = None


class Model(Protocol):
    """What a provider implements; :class:`Checked` makes an embedder of it.

    Attributes:
        name: for messages.
        identity: as of :class:`backfill.live.embedders.Embedder`.
        dimensions: width of the vectors, where settings name it.
    """

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def identity(self) -> str: ...  # noqa: D102

    @property
    def dimensions(self) -> int | None: ...  # noqa: D102

    def requests(self, texts: Sequence[str]) -> Iterable[Sequence[str]]:
        """Cut a list of texts into lists that are embedded at a time."""

    def embed(self, texts: Sequence[str], role: Role) -> Answer:
        """Embed the texts of one request, once.

        Raises:
            Failed: there are no vectors.
        """


class Checked:
    """An embedder that gives as many vectors as texts, of one width, finite, of unit length.

    Args:
        model: that embeds.
        patience: seconds for which a failed request is repeated; None: it never is.
        sleep: waits so many seconds.
    """

    def __init__(
        self,
        model: Model,
        patience: Patience | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._model = model
        self._patience = {
            "document": patience.patience if patience else 0.0,
            "query": patience.query_patience if patience else 0.0,
        }
        self._sleep = sleep
        self._width = model.dimensions

    @property
    def identity(self) -> str:
        """What the vectors of documents depend on."""
        return self._model.identity

    @property
    def width(self) -> int:
        """Of the vectors; one text is embedded if it is not known yet.

        Raises:
            Unavailable: that text got no vector.
        """
        return self._width or self.documents(["width"]).vectors.shape[1]

    def documents(self, texts: Sequence[str]) -> Embedding:
        """Embed texts of the gallery.

        Raises:
            Unavailable: there were no usable vectors after retries.
            InputError: a setting is wrong, or a package is missing.
        """
        return self._embedding(texts, "document")

    def attempt(self, texts: Sequence[str], patience: float | None = None) -> Embedding:
        """Embed texts of the gallery; what is refused is not tried in smaller parts.

        Raises:
            Unavailable: there were no usable vectors after retries.
            InputError: a setting is wrong, or a package is missing.
        """
        most = self._patience["document"]
        seconds = most if patience is None else min(patience, most)
        parts = self._model.requests(texts)
        return joined([self._whole(part, "document", seconds) for part in parts], self.width)

    def queries(self, texts: Sequence[str]) -> Embedding:
        """Embed queries; raises as `documents`."""
        return self._embedding(texts, "query")

    def _embedding(self, texts: Sequence[str], role: Role) -> Embedding:
        parts = self._model.requests(texts)
        return joined([each for part in parts for each in self._retried(part, role)], self.width)

    def _retried(self, texts: Sequence[str], role: Role) -> list[Embedding]:
        try:
            return [self._whole(texts, role, self._patience[role])]
        except Unavailable as error:
            failed = error.__cause__
            if not (isinstance(failed, Failed) and failed.splits) or len(texts) == 1:
                raise
        half = len(texts) // 2
        return self._retried(texts[:half], role) + self._retried(texts[half:], role)

    def _whole(self, texts: Sequence[str], role: Role, patience: float) -> Embedding:
        retrying = _retrying(patience, self._sleep)
        try:
            return retrying(self._once, texts, role)
        except Failed as failed:
            message = self._message(failed, texts, retrying.statistics)
            raise Unavailable(message, got=failed.got, divides=not failed.alike) from failed

    def _once(self, texts: Sequence[str], role: Role) -> Embedding:
        answer = self._model.embed(texts, role)
        vectors = unit_rows(answer.rows, texts, self._width)
        self._width = vectors.shape[1]
        return Embedding(vectors, answer.tokens)

    def _message(self, failed: Failed, texts: Sequence[str], statistics: dict[str, float]) -> str:
        expected = "1 vector" if len(texts) == 1 else f"{len(texts)} vectors"
        expected += f" of width {self._width}" if self._width else " of one width"
        got = f"{failed.got}, for {described(texts[0])}" if failed.splits else failed.got
        tries, seconds = statistics["attempt_number"], statistics["delay_since_first_attempt"]
        after = (
            f"; tried {tries:.0f} times in {seconds:.0f} s" if failed.again and tries > 1 else ""
        )
        return f"{self._model.name}: expected {expected}, got {got}{after}"


def _retrying(patience: float, sleep: Callable[[float], None]) -> Retrying:
    """Exponential backoff with jitter, or longer where the service asks for it."""
    with needs("live"):
        import tenacity
    backoff = tenacity.wait_exponential(_FIRST, max=_LONGEST)
    jitter = tenacity.wait_random_exponential(_FIRST, max=_LONGEST)

    def wait(state: RetryCallState) -> float:
        failed = state.outcome.exception() if state.outcome else None
        asked = failed.after if isinstance(failed, Failed) and failed.after else 0.0
        return max(asked, backoff(state)) + jitter(state)

    out_of_patience = tenacity.stop_before_delay(patience)

    def of_one(state: RetryCallState) -> bool:
        failed = state.outcome.exception() if state.outcome else None
        one = isinstance(failed, Failed) and failed.text is not None
        return one and state.attempt_number >= _TRIES_OF_ONE

    return tenacity.Retrying(
        retry=tenacity.retry_if_exception(lambda error: isinstance(error, Failed) and error.again),
        stop=lambda state: out_of_patience(state) or of_one(state),
        wait=wait,
        sleep=sleep,
        reraise=True,
    )
