"""A Python function of the user's embeds.

This runs the user's code, with all that the process may do: only where their own settings name the
function, and nothing in a database can.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from backfill.errors import InputError
from backfill.live.embedders.checked import Answer, Checked, Patience
from backfill.live.embedders.failed import Failed, quoted
from backfill.live.embedders.identity import identity
from backfill.live.embedders.registry import embedder
from backfill.texts.models import Role

_NAMED = r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*$"


class PythonSettings(Patience):
    """A function that is called with a list of texts and returns as many vectors.

    It is imported, and so its module is run: from `folder`, or else from the Python path.
    """

    provider: Literal["python"] = "python"
    function: str = Field(pattern=_NAMED, description="module:function, for documents")
    query_function: str | None = Field(
        None, pattern=_NAMED, description="module:function, for queries; none: the same"
    )
    folder: Path = Field(
        Path(), validate_default=True, description="of the module; none: the migration's file's"
    )
    revision: str = Field(
        "", description="any text; change it when the function gives other vectors"
    )
    dimensions: int | None = Field(None, ge=1, description="width of its vectors")
    batch_size: int = Field(256, ge=1, description="texts per call")

    @field_validator("folder")
    @classmethod
    def _beside_the_file(cls, folder: Path, info: ValidationInfo) -> Path:
        return Path((info.context or {}).get("folder", Path()), folder.expanduser()).resolve()


class _Function:
    def __init__(self, settings: PythonSettings) -> None:
        documents = imported("function", settings.function, settings.folder)
        queries = settings.query_function
        self._functions: dict[Role, Callable[[list[str]], object]] = {
            "document": documents,
            "query": imported("query_function", queries, settings.folder) if queries else documents,
        }
        self._batch_size = settings.batch_size
        self.name = settings.function
        self.dimensions = settings.dimensions
        self.identity = identity(
            provider=settings.provider,
            function=settings.function,
            revision=settings.revision or None,
            dimensions=settings.dimensions,
        )

    def requests(self, texts: Sequence[str]) -> Iterable[Sequence[str]]:
        size = self._batch_size
        return [texts[start : start + size] for start in range(0, len(texts), size)]

    def embed(self, texts: Sequence[str], role: Role) -> Answer:
        try:
            return Answer(self._functions[role](list(texts)))
        except Exception as error:  # whatever the user's code raises
            raise Failed(f"{type(error).__name__}: {quoted(error)}") from error


def imported(key: str, named: str, folder: Path) -> Callable[[list[str]], object]:
    """Import a function of the user's.

    Args:
        key: of the settings, for messages.
        named: module:function.
        folder: where modules are looked for first.

    Raises:
        InputError: there is no such function, or its module fails.
    """
    module, _, name = named.partition(":")
    before = list(sys.path)
    sys.path.insert(0, str(folder))
    try:
        importlib.invalidate_caches()
        found = getattr(importlib.import_module(module), name)
    except (Exception, SystemExit) as error:
        raise InputError(
            f"{key}: expected a function of a module in {folder} or on the Python path, got "
            f"{named}, which raises {type(error).__name__}: {quoted(error)}"
        ) from error
    finally:
        # last: what the module imports later is found, and hides no other package
        sys.path[:] = before if str(folder) in before else [*before, str(folder)]
    if not callable(found):
        raise InputError(f"{key}: expected a function, got {named}, a {type(found).__name__}")
    return found  # type: ignore[no-any-return]


@embedder(PythonSettings)
def python(settings: PythonSettings) -> Checked:
    """An embedder that calls a function of the user's; what it raises is tried again.

    Raises:
        InputError: there is no such function, or its module fails.
    """
    return Checked(_Function(settings), settings)
