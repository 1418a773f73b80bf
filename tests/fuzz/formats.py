"""Changes that know a format: what they change is still read as this format."""
# ruff: noqa: E501 - a case stays in one line

from __future__ import annotations

import gzip
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable
from random import Random
from typing import Any

import yaml

Mutation = Callable[[Random, bytes], bytes]

TOKENS = [
    b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\r", b"\n", b"\r\n\r\n", b"\t", b"\x1b[31m",
    b'"', b"'", b"\\", b"\\ud800", b"[" * 200, b"{" * 200, b"(" * 200, b"[" * 5000, b"]", b"}", b",", b":",
    b"null", b"true", b"NaN", b"-Infinity", b"1e999", b"9" * 5000, b"0.5", b"-1", b"../../victim",
    b"&a [*a]", b"*a", b"!!timestamp x", b"!!int x", b"2020-13-45", b"!!python/object/apply:os.system ['touch PWNED']",
    b"<<: *a", b"? {a: b}", b"---\n", b"%TAG", b"`touch PWNED`", b"; touch PWNED #", b"a|b", b"<script>",
    b"PK\x03\x04", b"\x93NUMPY\x01\x00", b"\x80\x04", b"cos\nsystem\n(S'touch PWNED'\ntR.", b"\x89PNG\r\n\x1a\n",
    b"IHDR", b"IDAT", b"\xff\xd8\xff", b"\xff\xda", b"PAR1", b"r\xff\xff\xff\x08", b"\x8e" + b"\xff" * 8,
]  # fmt: skip

_BIG = "@@BIG@@"
VALUES: list[Any] = [
    None, True, False, 0, 1, -1, 2**31, 2**63, 2**64, -(2**63), 0.5, -0.0, 1e308, 5e-324, float("nan"), float("inf"),
    "", " ", "a", "a" * 5000, "../../victim", "/etc/passwd", "a\nb", "a|b", "<b>", "\x00", "nul\x00", "é", "\ud800",
    "\u202e", "; touch PWNED #", "$(touch PWNED)", "${x}", "{0}", "%s", "1", "1e3", "nan", "true", "null", "all", "auto",
    [], {}, [[]], [{}], {"a": 1}, {"": None}, [None], [1, "a"], [0] * 1000, ["x"] * 3, {"name": "x"}, _BIG,
]  # fmt: skip


def _change_tree(random: Random, root: Any) -> Any:
    """Change one value, key or length somewhere in nested lists and dictionaries."""
    places: list[tuple[Any, Any]] = []

    def walk(node: Any) -> None:
        items: Any = ()
        if isinstance(node, dict):
            items = list(node.items())
        elif isinstance(node, list):
            items = list(enumerate(node[:50]))
        for key, child in items:
            places.append((node, key))
            walk(child)

    walk(root)
    if not places or random.random() < 0.03:
        return random.choice(VALUES)
    node, key = random.choice(places)
    what = random.randrange(7)
    if what == 0:
        del node[key]
    elif what == 1 and isinstance(node, dict):
        node[str(random.choice(VALUES))] = node.pop(key)
    elif what == 1:
        node.insert(key, random.choice(VALUES))
    elif what == 2 and isinstance(node, dict):
        node.update({f"unknown_{k}": k for k in range(random.choice((1, 3, 300)))})
    elif what == 3:
        node[key] = [node[key]] if random.random() < 0.5 else {"x": node[key]}
    elif what == 4:
        other, from_key = random.choice(places)
        if from_key in other if isinstance(other, dict) else from_key < len(other):
            node[key] = json.loads(json.dumps(other[from_key], default=str))
    elif what == 5:
        node[key] = _deep(random)
    else:
        node[key] = random.choice(VALUES)
    return root


def _deep(random: Random) -> Any:
    deep: Any = 0
    for _ in range(random.choice((3, 30, 300))):
        deep = [deep] if random.random() < 0.5 else {"a": deep}
    return deep


def _json(value: Any, **how: Any) -> str:
    return json.dumps(value, **how).replace(f'"{_BIG}"', "9" * 6000)


def json_value(random: Random, data: bytes) -> bytes:
    """Another value somewhere in JSON."""
    return _json(_change_tree(random, json.loads(data))).encode("utf-8", "surrogatepass")


def json_line(random: Random, data: bytes) -> bytes:
    """Another value somewhere in a line of JSON."""
    lines = data.split(b"\n")
    at = random.randrange(len(lines))
    lines[at] = _json(_change_tree(random, json.loads(lines[at]))).encode("utf-8", "surrogatepass")
    return b"\n".join(lines)


def yaml_value(random: Random, data: bytes) -> bytes:
    """Another value somewhere in YAML."""
    tree = _change_tree(random, yaml.load(data, yaml.CSafeLoader))
    text = yaml.dump(tree, Dumper=yaml.CSafeDumper, allow_unicode=random.random() < 0.5)
    return text.replace(_BIG, "9" * 6000).encode("utf-8", "surrogatepass")


def line(random: Random, data: bytes) -> bytes:
    """Drop, double, move, empty or lengthen a line."""
    lines = data.split(b"\n")
    at = random.randrange(len(lines))
    what = random.randrange(6)
    if what == 0:
        del lines[at]
    elif what == 1:
        lines[at:at] = [lines[at]] * random.choice((1, 2, 5000))
    elif what == 2:
        lines.insert(random.randrange(len(lines)), lines.pop(at))
    elif what == 3:
        lines[at] = b""
    elif what == 4:
        lines[at] = lines[at] * random.choice((2, 50, 5000))
    else:
        lines[at] = random.choice(TOKENS)
    return b"\n".join(lines)


def word(random: Random, data: bytes) -> bytes:
    """Another word in a line of words."""
    lines = data.split(b"\n")
    at = random.randrange(len(lines))
    mark = next((m for m in (b"\t", b",", b":", b" ") if m in lines[at]), b" ")
    words = lines[at].split(mark)
    where = random.randrange(len(words))
    if random.random() < 0.2:
        del words[where]
    elif random.random() < 0.2:
        words.insert(where, words[where])
    else:
        value = random.choice(VALUES)
        text = "9" * 6000 if value == _BIG else str(value)
        words[where] = random.choice((text.encode("utf-8", "surrogatepass"), random.choice(TOKENS)))
    lines[at] = mark.join(words)
    return b"\n".join(lines)


SHAPES = [
    "()", "(0,)", "(0, 5)", "(5, 0)", "(-1,)", "(1,)", "(10**9,)", "(1000000000,)", "(1000000000000000000,)",
    "(1e9,)", "(True,)", "(0.5,)", "('a',)", "5", "[3, 4]", "((3,),)", "(99999999999999999999999,)", "(3, 4, 5)",
    "(10000000, 0)", "(1, 1, 1, 1)", "(2147483648, 0, 3)", "(" * 150 + ")" * 150, "(1,) * 100", "", "{", "\\",
    "(4611686018427387904, 4)", "(1,)" * 50, "(" + "1," * 40 + ")", "None", "'", '"', "(-3, -4)",
]  # fmt: skip
DTYPES = [
    "'<f4'", "'<f8'", "'>f8'", "'<f2'", "'<f16'", "'|O'", "'<U0'", "'<U1000000000'", "'|S3'", "'|V8'",
    "'|V1000000000'", "'<M8[ns]'", "'<m8'", "'<c8'", "'|b1'", "'<u8'", "'<i8'", "'|i1'", "'<U5'",
    "[('a', '<f4'), ('b', '|O')]", "[('a', '<f4', (1000000000,))]", "('<f4', (3,))", "'x'", "''", "None", "5",
    "'<f4,<f4'", "[('a', [('b', '<f4')])]", "{'names': ['a'], 'formats': ['O']}", "'\ud800'", "[]",
]  # fmt: skip


def npy_header(random: Random, data: bytes) -> bytes:
    """Another shape, type or order in the header of an array; the data stay."""
    version = data[6]
    size = struct.unpack_from("<H" if version == 1 else "<I", data, 8)[0]
    start = 10 if version == 1 else 12
    header = data[start : start + size].decode("latin1")
    field = random.choice(("shape", "shape", "descr", "fortran_order"))
    before, _, rest = header.partition(f"'{field}': ")
    end = {
        "shape": rest.find("), ") + 1,
        "descr": rest.find(", 'fortran"),
        "fortran_order": rest.find(", 'sh"),
    }
    old = rest[: end[field]]
    choices = {"shape": SHAPES, "descr": DTYPES, "fortran_order": ["True", "1", "None", "'x'"]}
    new = random.choice(choices[field])
    text = before + f"'{field}': " + rest.replace(old, new, 1)
    if random.random() < 0.1:
        text = random.choice(
            ["", "{", "{}", "[" * 400, "'''", text + " " * 20_000, "{1: 2}", "\x00" * 9, "1" * 9000]
        )
    return npy_with(text, data[start + size :])


def npy_with(header: str, body: bytes = b"") -> bytes:
    """An array's file with any header."""
    text = header.encode("latin1", "replace").rstrip(b"\n") + b"\n"
    if len(text) < 60_000:
        return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + body
    return b"\x93NUMPY\x02\x00" + struct.pack("<I", len(text)) + text + body


def npy_values(random: Random, data: bytes) -> bytes:
    """NaN, infinity, zeros or huge numbers among an array's values."""
    start = data.index(b"\n") + 1
    body = bytearray(data[start:])
    for _ in range(random.choice((1, 3, 1000))):
        value = random.choice(
            [struct.pack("<f", float("nan")), struct.pack("<f", float("inf")), struct.pack("<f", 1e38),
             struct.pack("<d", float("nan")), struct.pack("<d", 1e300), struct.pack("<q", -1),
             struct.pack("<q", 2**62), bytes(64), struct.pack("<d", 5e-324)]
        )  # fmt: skip
        at = random.randrange(max(1, len(body))) & ~7
        body[at : at + len(value)] = value
    return data[:start] + bytes(body[: len(data) - start])


def zip_member(random: Random, data: bytes) -> bytes:
    """Change what is inside an archive, which stays whole."""
    from fuzz.mutations import mutated

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = random.choice(list(members))
    what = random.random()
    if what < 0.1:
        del members[name]
    elif what < 0.2:
        members[random.choice(["../victim", "x", "/tmp/x", "", "a" * 999])] = members.pop(name)
    elif what < 0.3:
        other = random.choice(list(members))
        members[name], members[other] = members[other], members[name]
    else:
        members[name], _ = mutated(random, name, members[name])
    return zipped(members, random.choice((0, 0, 0, 8, 12, 14)))


def zipped(members: dict[str, bytes], method: int = 0) -> bytes:
    """An archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, member in members.items():
            archive.writestr(name, member)
    return out.getvalue()


def safetensors_header(random: Random, data: bytes) -> bytes:
    """Change the header of safetensors; its length is right, or not."""
    (size,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8 : 8 + size])
    if "__metadata__" in header and random.random() < 0.6:
        inside = header["__metadata__"]
        name = random.choice(list(inside))
        try:
            inside[name] = _json(_change_tree(random, json.loads(inside[name])))
        except ValueError:
            inside[name] = random.choice(["", "x", "[" * 5000, "ridge"])
    else:
        names = [name for name in header if name != "__metadata__"]
        tensor = header[random.choice(names)]
        what = random.random()
        if what < 0.3 and isinstance(tensor, dict):
            tensor["dtype"] = random.choice(
                ["F16", "BF16", "F64", "F8_E4M3", "I64", "U8", "BOOL", "X", ""]
            )
        elif what < 0.6 and isinstance(tensor, dict):
            tensor["shape"] = random.choice(
                [[], [0], [2**62, 4], [-1], [10**7, 0], [1], [0, 0], ["a"], None]
            )
        else:
            header = _change_tree(random, header)
    return safetensors_with(header, data[8 + size :])


def safetensors_with(header: Any, body: bytes = b"") -> bytes:
    """Safetensors with any header."""
    text = _json(header).encode("utf-8", "surrogatepass")
    return struct.pack("<Q", len(text)) + text + body


def png_chunk(random: Random, data: bytes) -> bytes:
    """Change, drop, double or move a chunk of a PNG, and give it a right checksum."""
    chunks, at = [], 8
    while at + 8 <= len(data):
        (size,) = struct.unpack_from(">I", data, at)
        chunks.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + size]))
        at += 12 + size
    where = random.randrange(len(chunks))
    kind, body = chunks[where]
    what = random.randrange(6)
    if what == 0:
        del chunks[where]
    elif what == 1:
        chunks.insert(where, chunks[where])
    elif what == 2 and kind == b"IHDR":
        sizes = [0, 1, 100, 5000, 20_000, 2**31 - 1]
        body = struct.pack(">II", random.choice(sizes), random.choice(sizes)) + body[8:]
        chunks[where] = kind, body
    elif what == 3:
        new = random.choice(
            [
                b"PLTE",
                b"tRNS",
                b"iCCP",
                b"eXIf",
                b"zTXt",
                b"iTXt",
                b"acTL",
                b"fdAT",
                b"gAMA",
                b"IEND",
            ]
        )
        chunks.insert(where, (new, random.randbytes(random.choice((0, 3, 26, 300)))))
    else:
        raw = bytearray(body)
        for _ in range(random.choice((1, 4))):
            if raw:
                raw[random.randrange(len(raw))] = random.randrange(256)
        chunks[where] = kind, bytes(raw)
    return png_with(chunks)


def png_with(chunks: list[tuple[bytes, bytes]]) -> bytes:
    """A PNG of any chunks."""
    parts = [b"\x89PNG\r\n\x1a\n"]
    for kind, body in chunks:
        parts += [
            struct.pack(">I", len(body)),
            kind,
            body,
            struct.pack(">I", zlib.crc32(kind + body)),
        ]
    return b"".join(parts)


def gz_inside(random: Random, data: bytes) -> bytes:
    """Change what is compressed."""
    from fuzz.mutations import mutated

    return gzip.compress(mutated(random, "x.txt", gzip.decompress(data))[0], 1)


def pickle_code(random: Random, data: bytes) -> bytes:
    """Insert operations of a pickle."""
    codes = [
        b"(", b".", b"0", b"1", b"2", b"F1e999\n", b"Fnan\n", b"I99999999999\n", b"J\xff\xff\xff\x7f", b"N", b"}", b"]",
        b")", b"\x85", b"\x86", b"R", b"b", b"a", b"e", b"s", b"u", b"t", b"l", b"d", b"h\x00", b"h\x01", b"q\x00",
        b"r\xff\xff\xff\x08", b"j\x00\x00\x00\x00", b"p99999999\n", b"g0\n", b"cnumpy\ndtype\n", b"cos\nsystem\n",
        b"c__builtin__\nset\n", b"c_codecs\nencode\n", b"\x8f", b"\x90", b"\x94", b"\x8c\x04evil", b"X\xff\xff\xff\x7f",
        b"\x8e\xff\xff\xff\xff\xff\x00\x00\x00", b"\x8b\xff\xff\xff\x7f", b"G\x7f\xf8\x00\x00\x00\x00\x00\x00",
        b"\x95\xff\xff\xff\xff\xff\x00\x00\x00", b"L" + b"9" * 5000 + b"L\n", b"(i__main__\nx\n", b"\x81", b"\x92",
        b"P1\n", b"Q", b"\x82\x01", b"\x97", b"\x98", b"V\\ud800\n",
    ]  # fmt: skip
    for _ in range(random.choice((1, 2, 5))):
        at = random.randrange(len(data) + 1)
        data = data[:at] + random.choice(codes) * random.choice((1, 1, 1, 50)) + data[at:]
    return data


BY_SUFFIX: dict[str, tuple[Mutation, ...]] = {
    ".json": (json_value,),
    ".jsonl": (json_line, json_line, line, word),
    ".yaml": (yaml_value, yaml_value, yaml_value, line, word),
    ".txt": (line, word),
    ".tsv": (line, word),
    ".csv": (line, word),
    ".qrels": (line, word),
    ".run": (line, word),
    ".npy": (npy_header, npy_header, npy_values),
    ".npz": (zip_member,),
    ".pt": (zip_member,),
    ".safetensors": (safetensors_header,),
    ".png": (png_chunk,),
    ".gz": (gz_inside,),
    ".pkl": (pickle_code,),
}
