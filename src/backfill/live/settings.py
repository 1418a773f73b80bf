"""The file that describes a migration."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializeAsAny,
    ValidationError,
    ValidationInfo,
)

from backfill.errors import InputError
from backfill.forecast.methods import METHODS
from backfill.live.databases import DATABASES, DatabaseSettings
from backfill.live.embedders import EMBEDDERS, EmbedderSettings
from backfill.live.spending import FREE, Price
from backfill.reading import yaml
from backfill.registry import Registry

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
AUTO = "auto"


def _chosen(key: str, registry: Registry[Any], value: Any, info: ValidationInfo) -> Any:
    """Validate a section by the settings of the implementation that `key` names."""
    if isinstance(value, BaseModel):
        return value
    if not isinstance(value, dict):
        raise ValueError(f"expected a mapping with {key!r}, got {type(value).__name__}")
    name = value.get(key)
    if not isinstance(name, str) or name not in registry:
        raise ValueError(f"{key}: expected {' or '.join(registry)}, got {name!r}")
    return registry[name].settings.model_validate(value, context=info.context)


def _database(value: Any, info: ValidationInfo) -> Any:
    return _chosen("kind", DATABASES, value, info)


def _embedder(value: Any, info: ValidationInfo) -> Any:
    return None if value is None else _chosen("provider", EMBEDDERS, value, info)


class Migration(BaseModel):
    """A migration: unknown keys are errors, and values cannot change.

    Paths are relative to the file. `${NAME}` anywhere in it is the environment variable NAME.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    name: str = Field(
        pattern=r"^[a-z][a-z0-9_]{0,39}$",
        description="what the migration adds to the database is named after it",
    )
    database: Annotated[SerializeAsAny[DatabaseSettings], BeforeValidator(_database)] = Field(
        description="where the gallery is"
    )
    new: Annotated[SerializeAsAny[EmbedderSettings], BeforeValidator(_embedder)] = Field(
        description="the successor"
    )
    old: Annotated[SerializeAsAny[EmbedderSettings] | None, BeforeValidator(_embedder)] = Field(
        None, description="the model in service, to embed queries; null if callers have vectors"
    )
    forecast: Path | None = Field(
        None, description="folder of `backfill forecast`; null draws a sample from the gallery"
    )
    sample: int = Field(
        2000, ge=40, description="items that are drawn and embedded first, without a forecast"
    )
    method: str = Field(
        AUTO, description="of serving; auto takes the one that the forecast recommends"
    )
    order: Literal["random", "id"] = Field("random", description="which items are embedded first")
    first: Path | None = Field(None, description="file of ids that come before all, one per line")
    batch: int = Field(64, ge=1, le=10_000, description="items that a worker claims at a time")
    rate: float | None = Field(None, gt=0, description="most items per second; null for no limit")
    embed_empty: bool = Field(
        False, description="embed items without content, rather than set them aside"
    )
    price: Price = Field(FREE, description="of embeddings: per_thousand_items, per_million_tokens")
    cap: float | None = Field(None, gt=0, description="most money to spend; then it pauses")
    file: Path = Field(Path("migration.yaml"), exclude=True, description="where this was read")

    @property
    def home(self) -> Path:
        """Where the fitted method and the history are kept, beside the file."""
        return self.file.parent / ".backfill" / self.name

    def beside(self, path: Path) -> Path:
        """A path that the file names."""
        return self.file.parent / path.expanduser()


def read(path: Path) -> Migration:
    """Read the file of a migration.

    Raises:
        InputError: it is not there, not YAML, or a key or an environment variable is not as
            expected.
    """
    found = yaml.read(path)
    if not isinstance(found, dict):
        raise InputError(f"{path}: expected a mapping of settings, got {type(found).__name__}")
    found = {key: _with_variables(str(key), value, path) for key, value in found.items()}
    try:
        migration = Migration.model_validate(
            found | {"file": path.absolute()}, context={"folder": path.absolute().parent}
        )
    except ValidationError as error:
        raise InputError(f"{path}: {_first(error)}") from error
    if migration.method not in (AUTO, *METHODS):
        raise InputError(
            f"{path}: method: expected {AUTO}, {', '.join(METHODS)}, got {migration.method!r}"
        )
    if migration.cap is not None and migration.price == FREE:
        raise InputError(f"{path}: price: expected one, as there is a cap, got none")
    return migration


def _with_variables(key: str, value: Any, path: Path) -> Any:
    """Put the environment's values into all strings."""
    if isinstance(value, dict):
        return {k: _with_variables(f"{key}.{k}", v, path) for k, v in value.items()}
    if isinstance(value, list):
        return [_with_variables(f"{key}[{n}]", v, path) for n, v in enumerate(value)]
    if not isinstance(value, str):
        return value

    def of(match: re.Match[str]) -> str:
        found = os.environ.get(match[1])
        if found is None:
            raise InputError(f"{path}: {key}: expected the environment variable {match[1]}")
        return found

    return _VARIABLE.sub(of, value)


def _first(error: ValidationError) -> str:
    """The first mistake, without what was written there: it may be a credential."""
    found = error.errors(include_url=False, include_input=False, include_context=False)[0]
    where = ".".join(str(part) for part in found["loc"])
    message = found["msg"].removeprefix("Value error, ")
    message = message[0].lower() + message[1:]
    more = error.error_count() - 1
    return f"{where}: {message}" + (f" (and {more} more)" if more else "")
