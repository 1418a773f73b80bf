"""Image files, decoded as datasets decode them."""
# ruff: noqa: E501 - a case stays in one line

from __future__ import annotations

import io
import os
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from backfill.datasets.image_files import ImageFiles
from fuzz.formats import png_with
from fuzz.readers import bombs
from fuzz.registry import Change, case, cases, content, reader


def encoded(
    form: str = "PNG", mode: str = "RGB", size: tuple[int, int] = (12, 10), **how: Any
) -> bytes:
    """A small image in a format."""
    out = io.BytesIO()
    colours = np.random.default_rng(0).integers(0, 255, (size[1], size[0], 3), np.uint8)
    Image.fromarray(colours).convert(mode).save(out, form, **how)
    return out.getvalue()


def made(folder: Path) -> None:
    """Images of several kinds."""
    exif = Image.Exif()
    exif[0x0112] = 6
    for name, data in {
        "rgb.png": encoded(),
        "palette.png": encoded(mode="P"),
        "grey.png": encoded(mode="L"),
        "bits.png": encoded(mode="1"),
        "alpha.png": encoded(mode="RGBA"),
        "turned.jpg": encoded("JPEG", exif=exif),
        "cmyk.jpeg": encoded("JPEG", mode="CMYK"),
        "progressive.jpg": encoded("JPEG", progressive=True, size=(40, 30)),
    }.items():
        (folder / name).write_bytes(data)


@reader("images", made, share=3)
def read(folder: Path) -> object:
    """Every image, whole and a part of it."""
    paths = sorted(
        os.path.join(folder, entry.name)
        for entry in os.scandir(folder)
        if entry.name.lower().endswith((".png", ".jpg", ".jpeg"))
    )
    if not paths:
        return None
    boxes = np.tile([1.0, 1.0, 9.0, 9.0], (len(paths), 1))
    found = (
        ImageFiles(paths, 16, 16).decode(),
        ImageFiles(paths, 16, 24, "stretch", 1, boxes).decode(),
    )
    assert found[0].dtype == np.uint8
    return found


def _header(width: int, height: int, depth: int = 8, colour: int = 2, data: bytes = b"") -> bytes:
    """A PNG whose header says what it likes."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return png_with([(b"IHDR", header), (b"IDAT", data), (b"IEND", b"")])


def _jpeg(width: int, height: int) -> bytes:
    """A JPEG whose header says another size."""
    data = bytearray(encoded("JPEG"))
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def _with_chunk(kind: bytes, body: bytes) -> bytes:
    whole = encoded()
    chunk = struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    return whole[:33] + chunk + whole[33:]


_PACKED = zlib.compress(bytes(100 << 20), 9)

cases(
    "images",
    {
        name: content("rgb.png", data)
        for name, data in {
            "nothing": b"",
            "text": b"hello",
            "one byte": b"\x89",
            "2,147,483,647 squared": _header(2**31 - 1, 2**31 - 1),
            "100,000 squared": _header(100_000, 100_000),
            "30,000 squared": _header(30_000, 30_000),
            "13,000 squared, no pixels": _header(13_000, 13_000),
            "1,000,000,000 x 1": _header(1_000_000_000, 1),
            "1 x 100,000,000": _header(1, 100_000_000),
            "no width": _header(0, 10),
            "64-bit colours": _header(10, 10, 64, 2),
            "colours of another world": _header(10, 10, 8, 77),
            "compressed text of 100 MB": _with_chunk(b"zTXt", b"a\x00\x00" + _PACKED),
            "a compressed profile of 100 MB": _with_chunk(b"iCCP", b"a\x00\x00" + _PACKED),
            "international text of 100 MB": _with_chunk(b"iTXt", b"a\x00\x01\x00\x00\x00" + _PACKED),
            "3,000 texts": encoded()[:33] + _with_chunk(b"tEXt", b"a\x00" + b"b" * 50)[33:95] * 3000 + encoded()[33:],
            "a chunk of 2 GB": encoded()[:33] + b"\x7f\xff\xff\xffIDAT" + bytes(100),
            "a million frames": _with_chunk(b"acTL", struct.pack(">II", 1_000_000, 0)),
            "Exif of noise": _with_chunk(b"eXIf", bytes(range(200))),
            "Exif of brackets": _with_chunk(b"eXIf", b"II*\x00\x08\x00\x00\x00" + b"\xff\xff" + b"\x12\x01" * 900),
            "GIF": encoded("GIF"),
            "TIFF": encoded("TIFF"),
            "BMP": encoded("BMP"),
            "a BMP of 30,000 squared": b"BM" + struct.pack("<IHHIIiiHHIIiiII", 0, 0, 0, 54, 40, 30_000, 30_000, 1, 24, 0, 0, 0, 0, 0, 0) + bytes(99),
            "EPS": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9999 9999\n%%EndComments\n(touch PWNED) system\n",
            "PPM of 20,000 squared": b"P6 20000 20000 255\n" + bytes(99),
            "PPM of many digits": b"P6 " + b"9" * 6000 + b" 1 255\n",
            "PSD": b"8BPS\x00\x01" + bytes(6) + struct.pack(">HIIHH", 3, 20_000, 20_000, 8, 3) + bytes(99),
            "ICO": b"\x00\x00\x01\x00\x01\x00" + bytes(99),
            "FLI": bytes(4) + b"\x11\xaf" + b"\xff" * 300,
        }.items()
    },
)  # fmt: skip
cases(
    "images",
    {
        name: content("turned.jpg", data)
        for name, data in {
            "a JPEG of nothing": b"",
            "a JPEG of 65,000 squared": _jpeg(65_000, 65_000),
            "a JPEG of 12,000 squared": _jpeg(12_000, 12_000),
            "a JPEG of no height": _jpeg(10, 0),
            "half of a JPEG": encoded("JPEG")[:400],
            "a JPEG of markers": b"\xff\xd8" + b"\xff\xe0\x00\x02" * 200_000,
            "a JPEG with Exif of noise": encoded("JPEG", exif=b"Exif\x00\x00" + bytes(range(250))),
            "a JPEG with pictures": b"\xff\xd8\xff\xe2\x00\x10MPF\x00" + b"\xff" * 60,
        }.items()
    },
)


def _palette(*names: str) -> Change:
    def change(folder: Path) -> None:
        for name in names:
            content(name, bombs.palette_png(13_300))(folder)

    return change


case("images", "a palette of 13,300 squared")(_palette("palette.png"))
case("images", "four palettes of 13,300 squared")(
    _palette("palette.png", "rgb.png", "grey.png", "alpha.png")
)
case("images", "a palette of 9,000 squared")(
    lambda folder: content("palette.png", bombs.palette_png(9_000))(folder)
)


@case("images", "a folder in place of an image")
def _folder(folder: Path) -> None:
    (folder / "rgb.png").unlink()
    (folder / "rgb.png").mkdir()


@case("images", "a name that is not UTF-8")
def _named(folder: Path) -> None:
    path = os.fsencode(folder) + b"/caf\xe9.png"
    with open(path, "wb") as file:
        file.write(b"")
