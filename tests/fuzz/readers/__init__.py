"""Every reader of the package, each with a small valid input and its hostile ones."""

import sys
from pathlib import Path

# Published layouts and small folders are made by the modules beside the tests of datasets, vectors.
for _room in ("datasets", "vectors"):
    sys.path.append(str(Path(__file__).parents[2] / _room))

from fuzz.readers import (  # noqa: E402, F401
    arrays,
    calls,
    datasets,
    encoders,
    gnd,
    images,
    judgements,
    lists,
    measures,
    npz,
    settings,
    stages,
    texts,
    vectors,
)
