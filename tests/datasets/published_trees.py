"""Small trees of images in the published layouts of the benchmarks, and what reads them back."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from pydantic import TypeAdapter

from backfill.datasets import Dataset, DatasetSettings, ImageSet, load
from backfill.datasets.image_files import ImageFiles
from backfill.relevance import Relevance


def paint(path: Path, colour: tuple[int, int, int] = (9, 9, 9), size: tuple[int, int] = (12, 10)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)


def classes(root: Path, layout: dict[str, dict[str, int]], suffix: str = ".jpg") -> None:
    """Write as many images of each class of each part as `layout` says, in different colours."""
    for p, (part, counts) in enumerate(layout.items()):
        for c, (name, count) in enumerate(counts.items()):
            for k in range(count):
                paint(root / part / name / f"{name}_{k}{suffix}", (60 * p, 20 * c, 40 * k))


def imagenet(root: Path) -> dict[str, Any]:
    ids = ("n01440764", "n01443537", "n01484850", "n01491361")
    classes(root, {"train": dict.fromkeys(ids, 4), "val": dict.fromkeys(ids, 2)}, ".JPEG")
    # The published tree has these as well; their classes are secret, and they must not be read.
    paint(root / "test" / "ILSVRC2012_test_00000001.JPEG")
    return {"name": "imagenet", "root": root}


def places365(root: Path) -> dict[str, Any]:
    scenes = ("airfield", "alcove", "bar", "zen_garden")
    classes(root, {"train": dict.fromkeys(scenes, 4), "val": dict.fromkeys(scenes, 3)})
    return {"name": "places365", "root": root}


def vggface2(root: Path) -> dict[str, Any]:
    people = ("n000002", "n000003", "n000004", "n000005")
    classes(root, {"train": dict.fromkeys(people, 4), "test": {"n000001": 2, "n000009": 3}})
    lines = [
        "Class_ID, Name, Sample_Num, Flag, Gender",
        'n000001, "14th_Dalai_Lama", 424, 0, m',
        'n000002, "A Fine Frenzy", 315, 1, f',
        'n000003, "A._A._Gill", 205, 1, m',
        'n000004, "Aamir, Khan", 387, 1, m',
        'n000005, "Someone", 1, 1, f',
        'n000009, "Aaron_Someone", 1, 0, f',
    ]
    (root / "identity_meta.csv").write_text("\n".join([*lines, ""]))
    return {"name": "vggface2", "root": root}


MARKET = {
    "bounding_box_train": [
        f"{person:04}_c{camera}s1_{k:06}_01.jpg"
        for person in (2, 7, 10, 11)
        for camera in (1, 2)
        for k in (1, 2)
    ],
    "query": [
        "0001_c1s1_001051_00.jpg",
        "0001_c2s1_000301_00.jpg",
        "0003_c3s3_064744_00.jpg",
    ],
    # Sorted by name, as they are read; junk comes first.
    "bounding_box_test": [
        "-1_c1s1_000401_03.jpg",
        "-1_c3s1_000401_03.jpg",
        "0000_c1s1_000151_01.jpg",
        "0000_c5s1_000151_01.jpg",
        "0001_c1s1_002301_02.jpg",
        "0001_c1s2_002301_02.jpg",
        "0001_c2s1_000301_01.jpg",
        "0001_c6s1_009601_02.jpg",
        "0003_c3s3_064744_01.jpg",
        "0003_c4s6_015641_04.jpg",
    ],
}


def market1501(root: Path) -> dict[str, Any]:
    for folder, names in MARKET.items():
        for k, name in enumerate(names):
            paint(root / folder / name, (k, 20 * k % 256, 0), size=(64, 128))
        (root / folder / "Thumbs.db").write_bytes(b"not an image")
    return {"name": "market1501", "root": root}


def landmark(number: int) -> str:
    """Return the id of an image: 16 hexadecimal digits; the first three name its folders."""
    return f"{number:03x}{number:013x}"


def gldv2_train(root: Path) -> None:
    rows = ["landmark_id,images"]
    for k, name in enumerate((29, 4, 113, 200)):
        ids = [landmark(100 + 10 * k + i) for i in range(4)]
        rows.append(f"{name},{' '.join(ids)}")
        for i, image in enumerate(ids):
            paint(root / "train" / Path(*image[:3]) / f"{image}.jpg", (40 * k, 20 * i, 0))
    (root / "train_clean.csv").write_text("\n".join([*rows, ""]))


def gldv2(root: Path) -> dict[str, Any]:
    gldv2_train(root)
    for k in range(6):
        image = landmark(512 + 300 * k)
        paint(root / "index" / Path(*image[:3]) / f"{image}.jpg", (30 * k, 7, 0))
    for k in range(5):
        image = landmark(9 + k)
        paint(root / "test" / Path(*image[:3]) / f"{image}.jpg", (0, 7, 30 * k))
    index = [landmark(512 + 300 * k) for k in range(6)]
    rows = [
        "id,images,Usage",
        f"{landmark(9)},None,Ignored",
        f"{landmark(10)},{index[4]} {index[0]},Private",
        f"{landmark(11)},{index[1]},Public",
        f"{landmark(12)},None,Private",
        f"{landmark(13)},{index[5]} {index[2]} {index[3]},Private",
    ]
    (root / "retrieval_solution_v2.1.csv").write_text("\n".join([*rows, ""]))
    return {"name": "gldv2", "root": root}


def revisited(name: str, root: Path, train_root: Path) -> dict[str, Any]:
    """Write eight gallery images and two queries, each a white box on black."""
    gallery = [f"all_souls_{k:06}" for k in range(4)] + [f"radcliffe_{k:06}" for k in range(4)]
    queries = ["all_souls_000013", "oxford_002416"]
    for k, image in enumerate(gallery):
        paint(root / "jpg" / f"{image}.jpg", (30 * k, 7, 0))
    for image in queries:
        picture = Image.new("RGB", (80, 60), (0, 0, 0))
        picture.paste((255, 255, 255), (16, 8, 48, 40))
        picture.save(root / "jpg" / f"{image}.jpg", quality=100)
    box = [17.0, 9.4, 47.2, 39.0]
    truth = {
        "imlist": gallery,
        "qimlist": queries,
        # As in the published file, some are arrays and others are lists.
        "gnd": [
            {"easy": np.array([1, 0]), "hard": np.array([5]), "junk": np.array([3, 2]), "bbx": box},
            {"easy": [], "hard": [6, 7], "junk": np.array([], np.int64), "bbx": np.array(box)},
        ],
    }
    (root / f"gnd_{name}.pkl").write_bytes(pickle.dumps(truth, protocol=2))
    return {"name": name, "root": root, "train_root": train_root}


def roxford5k(root: Path) -> dict[str, Any]:
    gldv2_train(root / "landmarks")
    return revisited("roxford5k", root, root / "landmarks")


def rparis6k(root: Path) -> dict[str, Any]:
    classes(root / "landmarks", {".": dict.fromkeys(("arc", "dome", "tower", "bridge"), 4)})
    return revisited("rparis6k", root, root / "landmarks")


TREES = (imagenet, places365, vggface2, market1501, gldv2, roxford5k, rparis6k)


def read(tree: dict[str, Any], **settings: object) -> Dataset:
    """Load a tree under its settings, at 16 pixels unless they say otherwise."""
    return load(TypeAdapter(DatasetSettings).validate_python({"size": 16} | tree | settings))


def names(part: ImageSet) -> list[str]:
    assert isinstance(part.images, ImageFiles)
    return [Path(path).name for path in part.images.paths]


def decode(part: ImageSet) -> np.ndarray:
    assert isinstance(part.images, ImageFiles)
    return part.images.decode()


def positives(relevance: Relevance) -> list[list[int]]:
    return [relevance.positives(q).tolist() for q in range(relevance.num_queries)]


def ignored(relevance: Relevance) -> list[list[int]]:
    return [relevance.ignored(q).tolist() for q in range(relevance.num_queries)]
