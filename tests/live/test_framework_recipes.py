"""The recipes for LangChain and LlamaIndex run as they stand, where these are installed."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import lancedb
import numpy as np
import pytest
import yaml

from backfill.live.opened import Opened
from backfill.live.router import Router
from backfill.live.settings import read
from backfill.live.starting import start
from backfill.live.worker import Worker

from .embedders.service import words

RECIPES = Path(__file__).parents[2] / "docs" / "recipes"
TOPICS = ["rivers", "tariffs", "violins", "glaciers", "sonnets"]
TEXTS = {f"d{k}": f"{TOPICS[k % 5]} {TOPICS[k % 3]} and word{k}" for k in range(60)}
MODELS = """
import numpy as np
from live.embedders.service import words

def old(texts):
    return words("old", texts, 24)

def new(texts):
    return words("new", texts, 32)
"""


def block(name: str, language: str) -> str:
    """The one block of a language in a recipe."""
    page = (RECIPES / f"{name}.md").read_text()
    (found,) = re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)
    return found


def recipe(name: str) -> Callable[[Any, Router], Any]:
    """The class that a recipe defines."""
    names: dict[str, Any] = {"__name__": name}
    exec(compile(block(name, "python"), f"{name}.md", "exec"), names)
    return names["MigratingStore"]


@pytest.fixture
def router(tmp_path: Path) -> Iterator[Router]:
    """A migration in LanceDB, of which a part is done."""
    rows = [
        {"id": key, "text": text, "vector": vector.astype(np.float32), "topic": text.split()[0]}
        for (key, text), vector in zip(
            TEXTS.items(), words("old", [*TEXTS.values()], 24), strict=True
        )
    ]
    lancedb.connect(tmp_path / "lance").create_table("documents", rows)
    (tmp_path / "recipe_models.py").write_text(MODELS)
    file = tmp_path / "migration.yaml"
    settings = {
        "name": "trial",
        "database": {"kind": "lancedb", "uri": "lance", "table": "documents", "content": ["text"]},
        "old": {"provider": "python", "function": "recipe_models:old"},
        "new": {"provider": "python", "function": "recipe_models:new"},
        "sample": 40,
    }
    file.write_text(yaml.safe_dump(settings))
    opened = Opened.of(file)
    serving = start(opened)
    Worker(opened.database, opened.new, serving, batch=20)._next_batch()
    assert 0 < opened.database.counts().done < len(TEXTS)
    opened.close()
    with Router.open(file) as router:
        yield router


def expected(router: Router, query: str, k: int, **where: Any) -> list[str]:
    return [str(hit.id) for hit in router.search(query, k, where or None)]


def test_langchain_searches_both_sides(router: Router) -> None:
    pytest.importorskip("langchain_core", reason="is no dependency of this project")
    from langchain_core.embeddings import DeterministicFakeEmbedding
    from langchain_core.vectorstores import InMemoryVectorStore

    kept = InMemoryVectorStore(DeterministicFakeEmbedding(size=4))
    kept.add_texts([*TEXTS.values()], ids=[*TEXTS])
    store = recipe("langchain")(kept, router)
    found = store.as_retriever(search_kwargs={"k": 7}).invoke("glaciers and rivers")
    assert [each.id for each in found] == expected(router, "glaciers and rivers", 7)
    assert {each.page_content for each in found} <= set(TEXTS.values())
    few = store.similarity_search("rivers", k=3, filter={"topic": "sonnets"})
    assert [each.id for each in few] == expected(router, "rivers", 3, topic="sonnets")
    assert store.add_texts(["new"], ids=["x"]) == ["x"]
    assert [each.page_content for each in store.get_by_ids(["x"])] == ["new"]
    store.delete(["x"])
    assert store.get_by_ids(["x"]) == []


def test_llamaindex_searches_both_sides(router: Router) -> None:
    pytest.importorskip("llama_index.core", reason="is no dependency of this project")
    from llama_index.core import MockEmbedding, VectorStoreIndex
    from llama_index.core.schema import TextNode
    from llama_index.core.vector_stores import MetadataFilter, MetadataFilters, SimpleVectorStore

    class Kept(SimpleVectorStore):
        def get_nodes(self, node_ids: Any = None, filters: Any = None) -> list[TextNode]:
            return [TextNode(id_=key, text=TEXTS[key]) for key in sorted(node_ids)]

    store = recipe("llamaindex")(Kept(), router)
    index = VectorStoreIndex.from_vector_store(store, embed_model=MockEmbedding(4))
    found = index.as_retriever(similarity_top_k=7).retrieve("glaciers and rivers")
    assert [each.node.node_id for each in found] == expected(router, "glaciers and rivers", 7)
    assert found[0].text in TEXTS.values()
    filters = MetadataFilters(filters=[MetadataFilter(key="topic", value="sonnets")])
    few = index.as_retriever(similarity_top_k=3, filters=filters).retrieve("rivers")
    assert [each.node.node_id for each in few] == expected(router, "rivers", 3, topic="sonnets")
    filters = MetadataFilters(filters=[MetadataFilter(key="topic", value="a", operator="!=")])
    with pytest.raises(ValueError, match="expected only == and in"):
        index.as_retriever(filters=filters).retrieve("rivers")


@pytest.mark.parametrize("name", ["langchain", "llamaindex"])
def test_the_file_of_a_recipe_is_a_migration(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://127.0.0.1/any")
    (tmp_path / "migration.yaml").write_text(block(name, "yaml"))
    assert read(tmp_path / "migration.yaml").database.kind == "postgres"
