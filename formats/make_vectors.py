"""Build the conformance files in vectors/: `python formats/make_vectors.py`.

Standard library only, and without brushctl: a second writer, made from brush-1.md alone. The
numbers are chosen so that Python prints them as RFC 8785 does (7.5, never 1.0).
"""

import hashlib
import json
import struct
import sys
import zlib
from base64 import b64encode
from copy import deepcopy
from pathlib import Path

VECTORS = Path(__file__).parent / "vectors"
CAP = 2**20
ZERO, ONES = "0" * 64, "1" * 64
J, M, D = 2, 3, 4

Json = dict[str, object]
Tensors = dict[str, tuple[str, list[int], bytes]]


def canonical(value: object) -> str:
    """Sorted keys, no spaces."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def document(**fields: object) -> Json:
    """The least that a brush says, changed by `fields`; a field of None is left out."""
    said = {
        "format": [1, 0],
        "name": "least",
        "created": "2026-01-02",
        "tool": "by hand",
        "instruction": {"m": M, "segments": [{"m": M, "weight": 1}]},
        "buckets": {"count": J, "edges": [0, 500, 1000]},
        "base": {"id": "someone/a-model", "architecture": "unet-4", "model_sha256": ZERO},
        "apply": {"s_T": 7.5, "s_I": 1.5, "steps": 20, "sampler": "euler-ancestral"}
        | {"resolution": 512},
        **fields,
    }
    return {key: value for key, value in said.items() if value is not None}


def within(group: str, **fields: object) -> Json:
    """The least document with fields of one group changed; a field of None is left out."""
    changed = document()[group] | fields  # type: ignore[operator]
    return document(**{group: {key: value for key, value in changed.items() if value is not None}})


def training(**fields: object) -> Json:
    """A history of learning, changed by `fields`."""
    return {
        "pairs_sha256": [ZERO, ONES],
        "seed": 7,
        "instruction": instruction_training(),
        **fields,
    }


def instruction_training(**fields: object) -> Json:
    """How an instruction was learned, changed by `fields`."""
    return {
        "recipe": "paper",
        "steps": 1000,
        "batch": 1,
        "learning_rate": 0.001,
        "loss_first": [0.21, 0.18],
        "loss_last": [0.02, 0.015],
        **fields,
    }


KEPT = {"black": True, "white": False, "greys": True, "nothing_but_greys": False}
NO_INSTRUCTION = dict.fromkeys(("instruction", "buckets", "base", "apply"))
COLUMNS = {"tones": 32, "place": 6, "surroundings": 13}
LATTICE: Json = {"nodes": 2, "kept": KEPT}


def network(*groups: str, width: int = 2) -> Json:
    """A grade with a network that reads these groups of features."""
    return {**LATTICE, "network": {"features": 1, "groups": list(groups), "width": width}}


def graded(grade: object, **fields: object) -> Json:
    """The least document of a brush with a grade and no instruction."""
    return document(**{**NO_INSTRUCTION, "grade": grade, **fields})


def grade_tensors(grade: Json, prefix: str = "grade", nodes: str = "F16") -> Tensors:
    """The tensors of a grade, in the order of the page."""
    inner = [term["grade"] for term in grade.get("blend", ())] + [*grade.get("stack", ())]
    if inner:
        members = (grade_tensors(g, f"{prefix}.{k}", nodes) for k, g in enumerate(inner))
        return {name: values for member in members for name, values in member.items()}
    n, net = grade["nodes"], grade.get("network")
    shapes = {"affine": (3, 4), "nodes": (n, n, n, 3)}
    if net:
        inputs, width = 5 + sum(COLUMNS[group] for group in net["groups"]), net["width"]
        shapes |= {"network.first": (inputs, width), "network.second": (width + 1, width)}
        shapes |= {"network.third": (width, 6), "network.straight": (inputs, 6)}
    dtypes = dict.fromkeys(shapes, "F32") | {"nodes": nodes}
    return {f"{prefix}.{name}": tensor(dtypes[name], shape) for name, shape in shapes.items()}


def learned(**fields: object) -> Json:
    """A history of learning with `fields` of its instruction changed."""
    return training(instruction=instruction_training(**fields))


def features(count: int, dtype: str, step: float = 0.125) -> bytes:
    """The numbers 0, step, 2 step, ... as they lie in a file."""
    return struct.pack(
        f"<{count}{'e' if dtype == 'F16' else 'f'}", *(k * step for k in range(count))
    )


def tensor(dtype: str = "F16", shape: tuple[int, ...] = (J, M, D), step: float = 0.125) -> tuple:
    """Its dtype, shape and bytes."""
    count = 1
    for n in shape:
        count *= n
    return dtype, list(shape), features(count, dtype, step)


def site(name: str = "mid.attn2", **kind: object) -> Tensors:
    """The keys and values of one site."""
    return {f"{name}.k": tensor(**kind), f"{name}.v": tensor(**kind, step=-0.25)}


def content_sha256(doc: Json, tensors: Tensors) -> str:
    """Over what the edit depends on."""
    steering = {key: doc[key] for key in ("apply", "buckets", "grade", "instruction") if key in doc}
    if "base" in doc:
        steering["model_sha256"] = doc["base"]["model_sha256"]  # type: ignore[index]
    digest = hashlib.sha256(canonical(steering).encode())
    for name in sorted(tensors):
        dtype, shape, data = tensors[name]
        digest.update(f"\0{name}\0{dtype}\0{','.join(map(str, shape))}\0".encode() + data)
    return digest.hexdigest()


def entries(tensors: Tensors) -> Json:
    """The header's entries for tensors that lie one after the other, as given."""
    position, placed = 0, {}
    for name, (dtype, shape, data) in tensors.items():
        offsets = [position, position + len(data)]
        placed[name] = {"dtype": dtype, "shape": shape, "data_offsets": offsets}
        position = offsets[1]
    return placed


def model_spec(doc: Json) -> Json:
    """The keys of Stability's ModelSpec that say the same again, for other programs."""
    lineage = doc.get("lineage", {"parents": []})
    said = {
        "sai_model_spec": "1.0.1",
        "architecture": f"{doc['base']['architecture']}/brush" if "base" in doc else "brush",  # type: ignore[index]
        "implementation": "brushctl",
        "title": doc.get("title", doc["name"]),
        "date": doc["created"],
        "hash_sha256": doc["content_sha256"],
        "author": doc.get("author"),
        "license": doc.get("license"),
        "description": doc.get("note"),
        "thumbnail": doc.get("preview"),
        "merged_from": ", ".join(p["name"] for p in lineage["parents"]),  # type: ignore[index]
    }
    return {f"modelspec.{key}": value for key, value in said.items() if value}


def sealed(doc: Json, tensors: Tensors) -> Json:
    """The document with its content hash."""
    return {**doc, "content_sha256": content_sha256(doc, tensors)}


def pack(header: object, data: bytes) -> bytes:
    """A safetensors file from its header (JSON, or the very text) and its tensors' bytes."""
    text = (header if isinstance(header, str) else canonical(header)).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


def brush(doc: Json | None = None, tensors: Tensors | None = None, **changed: object) -> bytes:
    """A brush with the right hash; `changed` entries of the header replace the right ones."""
    tensors = site() if tensors is None else tensors
    doc = sealed(document() if doc is None else doc, tensors)
    outer = {"brush": canonical(doc)} | model_spec(doc)
    placed = dict(sorted(tensors.items(), key=lambda item: (item[1][0] == "F16", item[0])))
    header = {"__metadata__": outer, **entries(placed), **changed}
    return pack(header, b"".join(data for _, _, data in placed.values()))


def with_text(text: str) -> bytes:
    """A brush whose document is this text."""
    tensors = site()
    header = {"__metadata__": {"brush": text}, **entries(tensors)}
    return pack(header, b"".join(data for _, _, data in tensors.values()))


def least_text() -> str:
    """The text of the least document."""
    return canonical(sealed(document(), site()))


def png() -> str:
    """A picture of two pixels, as a data URI."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    rows = zlib.compress(b"\0" + bytes([200, 120, 40, 40, 120, 200]), 9)
    shape = struct.pack(">IIBBBBB", 2, 1, 8, 2, 0, 0, 0)
    parts = [b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", shape), chunk(b"IDAT", rows), chunk(b"IEND", b"")]
    return "data:image/png;base64," + b64encode(b"".join(parts)).decode()


ZONE = {"lightness": 2.5, "warmth": -4.5, "tint": 0.5}
LOOK = {
    **dict.fromkeys(("shadows", "midtones", "highlights"), ZONE),
    "contrast": 1.25,
    "saturation": 0.5,
}
PLACE = {"edges": -17.5, "top": 2.5, "left": 0}


def strength(grade: Json, weight: float) -> Json:
    """A grade at a strength: a blend of it and of nothing."""
    return {"blend": [{"weight": weight, "grade": grade}]}


def full() -> Json:
    """A document with every field that version 1 knows, but a lineage."""
    phrase = {"phrase": "a gray day", "sensitivity": 0.21}
    return document(
        name="evening",
        created="2026-01-02T18:30:00Z",
        instruction={
            "phrase": "turn a gray day into a warm evening",
            "before": phrase,
            "after": {"phrase": "a warm evening", "sensitivity": 0.3125},
            "m": M,
            "segments": [{"m": M, "weight": 1}],
        },
        grade={"stack": [network("tones", "place", "surroundings"), strength(LATTICE, 0.5)]},
        look=LOOK | {"place": PLACE},
        training=training(
            grade=[{"method": "lattice", "groups": ["place"], "psnr": 37.5}],
            held_out={
                "pairs": 2,
                "psnr": 28.7,
                "psnr_unedited": 20.5,
                "psnr_grade": 26.5,
                "psnr_phrase": 14.7,
                "de2000": 3.5,
                "de2000_unedited": 8.5,
                "folds": 2,
                "megapixels": 3.75,
            },
        ),
        title="Soirée d’été \U0001f305",
        author="A. Photographer",
        license="CC-BY-4.0",
        note="Learned on cloudy afternoons.\nKeeps skin as it is.",
        preview=png(),
    ) | {"base": {"id": "m", "architecture": "u", "model_sha256": ONES, "revision": "v1"}}


def transformer(**instruction: object) -> Json:
    """A document of a brush for a transformer, with other fields of its instruction."""
    said = within("base", family="flux-kontext") | {
        "instruction": {"m": M, "segments": [{"m": M, "weight": 1}], "first": 3} | instruction
    }
    apply = {"s_T": 1, "s_I": 1, "steps": 28, "sampler": "flow-euler", "resolution": 1024}
    return said | {"apply": apply | {"guidance": 3.5}}


def mixed() -> Json:
    """A mix, one of whose parents is itself a mix."""
    old = {
        "method": "schedule",
        "parents": [
            {"name": "sky", "content_sha256": ONES, "weight": 0.5, "buckets": [1]},
            {"name": "grain", "content_sha256": ZERO, "weight": 0.5, "buckets": [0]},
        ],
    }
    parents = [
        {"name": "warm", "content_sha256": ZERO, "weight": 0.7},
        {"name": "late", "content_sha256": ONES, "weight": 0.3, "lineage": old},
    ]
    segments = [{"m": 1, "weight": 0.7}, {"m": 2, "weight": 0.3}]
    return document(
        name="mixed",
        instruction={"m": M, "segments": segments},
        lineage={"method": "stack", "parents": parents},
    )


def newer_minor() -> Json:
    """A document of a version 1.7 that has fields this version does not know."""
    doc = deepcopy(full()) | {"format": [1, 7], "mood": {"joy": [0.5, None, True, 1e21]}}
    doc["grade"]["of_1_7"] = "grade"  # type: ignore[index]
    doc["grade"]["stack"][0]["network"]["of_1_7"] = "network"  # type: ignore[index]
    for group in ("instruction", "buckets", "base", "apply", "training", "look"):
        doc[group]["of_1_7"] = group  # type: ignore[index]
    doc["instruction"]["segments"][0]["of_1_7"] = []  # type: ignore[index]
    return doc


def full_tensors() -> Tensors:
    """The tensors of the full document."""
    sites = site("down.0.attn2", dtype="F32") | site("up.0.attn2", dtype="F32")
    return sites | grade_tensors(full()["grade"])  # type: ignore[arg-type]


def loose() -> bytes:
    """Valid but not canonical: spaces, another order of keys and tensors, 3.0, escapes."""
    tensors = site() | site("up.attn2") | grade_tensors(full()["grade"])  # type: ignore[arg-type]
    tensors = dict(sorted(tensors.items(), reverse=True))
    doc = sealed(full(), tensors)
    text = json.dumps(dict(reversed(doc.items())), indent=1).replace('"m": 3', '"m": 3.0')
    outer = {"format": "pt", "brush": text}
    header = json.dumps({**entries(tensors), "__metadata__": outer}, indent=1)
    return pack(header, b"".join(data for _, _, data in tensors.values()))


EXTREME = {"m": 1, "weight": 1_000_000}


def largest(j: int, m: int) -> bytes:
    """A brush at the limits, but for one of its buckets and its tokens."""
    old = {"name": "p" * 100, "content_sha256": ONES, "weight": -1_000_000, "buckets": [999]}
    doc = document(
        tool="\U0001f305" * 4096,
        note="\n" * 16_384,
        instruction={"m": m, "segments": [{"m": 1, "weight": 0.5}] * (m - 1) + [EXTREME]},
        buckets={"count": j, "edges": [*range(j), 10_000]},
        apply={"s_T": 1000, "s_I": 0, "steps": 10_000, "sampler": "x", "resolution": 8192},
        training=learned(steps=1_000_000, loss_first=[0.5] * 4096),
        lineage={"method": "blend", "parents": [old]},
    )
    return brush(doc, {f"a.{kind}": tensor(shape=(j, m, 1), step=0) for kind in "kv"})


def mixed_deeply(levels: int) -> Json:
    """A grade in so many blends within each other."""
    return strength(mixed_deeply(levels - 1), 0.5) if levels else LATTICE


def grade_alone(grade: Json, nodes: str = "F16") -> bytes:
    """A brush with this grade and no instruction."""
    return brush(graded(grade), grade_tensors(grade, nodes=nodes))


VALID = {
    "least": brush(),
    "full": brush(full(), full_tensors()),
    "mixed": brush(mixed()),
    "transformer": brush(transformer(), site("transformer_blocks.0.attn")),
    "transformer-last-tokens": brush(transformer(first=-M), site("transformer_blocks.0.attn")),
    "newer-minor": brush(newer_minor(), full_tensors()),
    "loose": loose(),
    "grade": grade_alone(LATTICE),
    "grade-full-precision": grade_alone(LATTICE | {"nodes": 3}, nodes="F32"),
    "grade-network": grade_alone(network("surroundings")),
    "grade-colour-network": grade_alone(network()),
    "grade-blend": grade_alone(
        {"blend": [{"weight": 1.5, "grade": LATTICE}, {"weight": -0.5, "grade": network("tones")}]}
    ),
    "grade-and-instruction": brush(document(grade=LATTICE), site() | grade_tensors(LATTICE)),
    "most-grades": grade_alone({"stack": [LATTICE] * 15 + [mixed_deeply(3)]}),
    "most-tokens": largest(1, 4096),
    "most-buckets": largest(1000, 1),
}
NOT_CANONICAL = {"loose"}


GRADE = grade_tensors(LATTICE)
NODES, AFFINE = "grade.nodes", "grade.affine"


def changed_grade(**fields: object) -> bytes:
    """The least brush with a grade alone, with other fields in it; one of None is left out."""
    changed = {key: value for key, value in (LATTICE | fields).items() if value is not None}
    return brush(graded(changed), GRADE)


def changed_network(**fields: object) -> bytes:
    """The least brush with a network, with other fields of it."""
    grade = network("place")
    changed = grade["network"] | fields  # type: ignore[operator]
    return brush(graded(grade | {"network": changed}), grade_tensors(grade))


def unfinite_nodes() -> bytes:
    """The least brush with a grade alone, whose last number is infinite."""
    kind, shape, data = GRADE[NODES]
    return brush(graded(LATTICE), GRADE | {NODES: (kind, shape, data[:-2] + b"\x00\x7c")})


def changed_node() -> bytes:
    """The least brush with a grade alone, one bit of its nodes changed after hashing."""
    data = bytearray(brush(graded(LATTICE), GRADE))
    data[-2] ^= 1
    return bytes(data)


def deep(levels: int) -> object:
    """Arrays in arrays."""
    value: object = 0
    for _ in range(levels):
        value = [value]
    return value


def changed_data(**at: int) -> bytes:
    """The least brush with one byte of its data changed after hashing."""
    data = bytearray(brush())
    data[-at["from_end"]] ^= at["flip"]
    return bytes(data)


def shifted(k: list[int], v: list[int], extra: int) -> bytes:
    """The least brush with other offsets of its two tensors, and more or fewer bytes."""
    fixed = entries(site())
    fixed["mid.attn2.k"]["data_offsets"] = k  # type: ignore[index]
    fixed["mid.attn2.v"]["data_offsets"] = v  # type: ignore[index]
    whole = brush(**fixed)
    return whole + bytes(extra) if extra >= 0 else whole[:extra]


def unfinite(dtype: str, pattern: bytes) -> bytes:
    """The least brush with these bits for its last number."""
    tensors = site(dtype=dtype)
    kind, shape, data = tensors["mid.attn2.v"]
    tensors["mid.attn2.v"] = (kind, shape, data[: -len(pattern)] + pattern)
    return brush(tensors=tensors)


def announcing(width: int) -> bytes:
    """The least brush with announced features of this width, which are not there."""
    size = 2 * J * M * width
    like = {"dtype": "F16", "shape": [J, M, width]}
    k, v = ({**like, "data_offsets": [n * size, (n + 1) * size]} for n in (0, 1))
    return brush(**{"mid.attn2.k": k, "mid.attn2.v": v})


def weighted(weight: float) -> Json:
    """The least document with another weight of its tokens."""
    return within("instruction", segments=[{"m": M, "weight": weight}])


def blended(parents: int = 1, **fields: object) -> Json:
    """A mix of so many equal parents, changed by `fields`."""
    parent = {"name": "x", "content_sha256": ZERO, "weight": 1, **fields}
    return document(lineage={"method": "blend", "parents": [parent] * parents})


def entry(**fields: object) -> Json:
    """The entry of the least brush's keys, changed by `fields`."""
    right = entries(site())["mid.attn2.k"] | fields  # type: ignore[operator]
    return {"mid.attn2.k": right}


def metadata_only(outer: object) -> bytes:
    """The least brush with other safetensors metadata."""
    return pack({"__metadata__": outer, **entries(site())}, brush()[-96:])


TWICE = least_text().replace('"name":', '"name":"again","name":')
TWICE_INSIDE = least_text().replace('"steps":20', '"steps":20,"steps":20')
K, V, SIZE = "mid.attn2.k", "mid.attn2.v", 2 * J * M * D
HEADER = canonical({"__metadata__": {"brush": least_text()}, **entries(site())})
DATA = brush()[-2 * SIZE :]

INVALID: dict[str, tuple[bytes, str, str | None]] = {  # the file, its error, and where
    "empty": (b"", "brush-truncated", None),
    "cut-in-length": (brush()[:5], "brush-truncated", None),
    "cut-in-header": (brush()[:100], "brush-truncated", None),
    "cut-in-data": (brush()[:-1], "brush-truncated", None),
    "header-over-cap": (struct.pack("<Q", CAP + 1) + b"{}", "brush-header-size", None),
    "header-absurd": (b"\xff" * 64, "brush-header-size", None),
    "file-over-cap": (announcing(2**28), "brush-header-size", None),
    "file-absurd": (announcing(2**40), "brush-header-size", None),
    "header-no-json": (pack("{not json}", DATA), "brush-json", "header"),
    "header-array": (pack("[]", b""), "brush-json", "header"),
    "header-space-first": (pack(" " + HEADER, DATA), "brush-json", "header"),
    "header-utf-16": (struct.pack("<Q", 8) + "{  }".encode("utf-16-le"), "brush-json", "header"),
    "header-not-utf-8": (struct.pack("<Q", 8) + b'{"\xff":10}', "brush-json", "header"),
    "header-trailing-comma": (pack(HEADER[:-1] + ",}", DATA), "brush-json", "header"),
    "header-deep": (brush(deep=deep(64)), "brush-depth", "header"),
    "header-tensor-twice": (
        pack(HEADER[:-1] + f',"{K}":0}}', DATA),
        "brush-duplicate",
        f'header["{K}"]',
    ),
    "metadata-missing": (
        pack(entries(site()), DATA),
        "brush-document",
        "header.__metadata__",
    ),
    "metadata-other": (
        metadata_only({"format": "pt"}),
        "brush-document",
        "header.__metadata__.brush",
    ),
    "metadata-number": (
        metadata_only({"brush": least_text(), "x": 1}),
        "brush-document",
        "header.__metadata__",
    ),
    "document-no-json": (with_text("hello"), "brush-json", "brush"),
    "document-array": (with_text("[]"), "brush-json", "brush"),
    "document-byte-order-mark": (with_text("\ufeff" + least_text()), "brush-json", "brush"),
    "document-not-a-number": (
        with_text(least_text().replace("7.5", "NaN")),
        "brush-json",
        "brush",
    ),
    "document-too-large-number": (
        with_text(least_text().replace("7.5", "1e999")),
        "brush-json",
        "brush.apply.s_T",
    ),
    "document-lone-surrogate": (
        with_text(least_text().replace("by hand", "by \\ud800 hand")),
        "brush-json",
        "brush.tool",
    ),
    "document-deep": (brush(document(x=deep(64))), "brush-depth", "brush"),
    "document-absurdly-deep": (with_text("[" * 200_000), "brush-depth", "brush"),
    "document-key-twice": (with_text(TWICE), "brush-duplicate", "brush.name"),
    "document-key-twice-inside": (
        with_text(TWICE_INSIDE),
        "brush-duplicate",
        "brush.apply.steps",
    ),
    "version-2": (brush(document(format=[2, 0])), "brush-version", "brush.format"),
    "version-0": (brush(document(format=[0, 9])), "brush-version", "brush.format"),
    "version-text": (brush(document(format="1.0")), "brush-field", "brush.format"),
    "version-three": (brush(document(format=[1, 0, 0])), "brush-field", "brush.format"),
    "name-missing": (
        with_text(canonical({k: v for k, v in sealed(document(), site()).items() if k != "name"})),
        "brush-field",
        "brush.name",
    ),
    "name-empty": (brush(document(name="")), "brush-field", "brush.name"),
    "name-long": (brush(document(name="x" * 101)), "brush-field", "brush.name"),
    "name-steers-terminal": (brush(document(name="\x1b[2J")), "brush-field", "brush.name"),
    "created-no-date": (brush(document(created="2026-13-01")), "brush-field", "brush.created"),
    "created-newline": (brush(document(created="2026-01-02\n")), "brush-field", "brush.created"),
    "title-null": (
        with_text(least_text().replace('"tool":', '"title":null,"tool":')),
        "brush-field",
        "brush.title",
    ),
    "note-bell": (brush(document(note="ding\x07")), "brush-field", "brush.note"),
    "note-long": (brush(document(note="x" * 16_385)), "brush-field", "brush.note"),
    "preview-large": (
        with_text(canonical(sealed(document(preview=png()[:40].ljust(262_145, "A")), site()))),
        "brush-field",
        "brush.preview",
    ),
    "preview-svg": (
        brush(document(preview="data:image/svg+xml;base64,AAAA")),
        "brush-field",
        "brush.preview",
    ),
    "m-zero": (
        brush(document(instruction={"m": 0, "segments": [{"m": 3, "weight": 1}]})),
        "brush-field",
        "brush.instruction.m",
    ),
    "m-over-cap": (
        brush(within("instruction", m=4097, segments=[{"m": 4096, "weight": 1}, EXTREME])),
        "brush-field",
        "brush.instruction.m",
    ),
    "m-text": (brush(within("instruction", m="3")), "brush-field", "brush.instruction.m"),
    "m-fraction": (brush(within("instruction", m=3.5)), "brush-field", "brush.instruction.m"),
    "phrase-long": (
        brush(within("instruction", phrase="x" * 4097)),
        "brush-field",
        "brush.instruction.phrase",
    ),
    "phrase-number": (
        brush(within("instruction", phrase=1)),
        "brush-field",
        "brush.instruction.phrase",
    ),
    "segments-empty": (
        brush(within("instruction", segments=[])),
        "brush-field",
        "brush.instruction.segments",
    ),
    "segment-weight-zero": (
        brush(within("instruction", segments=[{"m": 3, "weight": 0}])),
        "brush-field",
        "brush.instruction.segments[0].weight",
    ),
    "segments-sum": (
        brush(within("instruction", segments=[{"m": 1, "weight": 1}, {"m": 1, "weight": 1}])),
        "brush-contradiction",
        "brush.instruction.segments",
    ),
    "segment-weight-small": (
        brush(weighted(1e-10)),
        "brush-field",
        "brush.instruction.segments[0].weight",
    ),
    "segment-weight-large": (
        brush(weighted(1_000_001)),
        "brush-field",
        "brush.instruction.segments[0].weight",
    ),
    "first-token-no-number": (
        brush(transformer(first="end")),
        "brush-field",
        "brush.instruction.first",
    ),
    "first-token-far": (brush(transformer(first=4097)), "brush-field", "brush.instruction.first"),
    "first-token-behind-the-words": (
        brush(transformer(first=1 - M)),
        "brush-contradiction",
        "brush.instruction.first",
    ),
    "family-number": (brush(within("base", family=1)), "brush-field", "brush.base.family"),
    "guidance-told-large": (
        brush(within("apply", guidance=1000.5)),
        "brush-field",
        "brush.apply.guidance",
    ),
    "edges-descend": (
        brush(within("buckets", edges=[0, 1000, 500])),
        "brush-contradiction",
        "brush.buckets.edges",
    ),
    "edges-not-from-zero": (
        brush(within("buckets", edges=[1, 500, 1000])),
        "brush-contradiction",
        "brush.buckets.edges",
    ),
    "edges-count": (
        brush(within("buckets", edges=[0, 1000])),
        "brush-contradiction",
        "brush.buckets.edges",
    ),
    "buckets-over-cap": (
        brush(within("buckets", count=1001, edges=[*range(1002)])),
        "brush-field",
        "brush.buckets.count",
    ),
    "edge-over-cap": (
        brush(within("buckets", edges=[0, 500, 10_001])),
        "brush-field",
        "brush.buckets.edges[2]",
    ),
    "edge-negative": (
        brush(within("buckets", edges=[-1, 500, 1000])),
        "brush-field",
        "brush.buckets.edges[0]",
    ),
    "unet-hash-short": (
        brush(within("base", model_sha256="0" * 63)),
        "brush-field",
        "brush.base.model_sha256",
    ),
    "unet-hash-upper-case": (
        brush(within("base", model_sha256="A" * 64)),
        "brush-field",
        "brush.base.model_sha256",
    ),
    "steps-true": (brush(within("apply", steps=True)), "brush-field", "brush.apply.steps"),
    "steps-over-cap": (brush(within("apply", steps=10_001)), "brush-field", "brush.apply.steps"),
    "steps-absurd": (brush(within("apply", steps=10**9)), "brush-field", "brush.apply.steps"),
    "steps-over-schedule": (
        brush(within("apply", steps=1001)),
        "brush-contradiction",
        "brush.apply.steps",
    ),
    "steps-inexact": (brush(within("apply", steps=2**53)), "brush-field", "brush.apply.steps"),
    "guidance-negative": (brush(within("apply", s_T=-1)), "brush-field", "brush.apply.s_T"),
    "guidance-large": (brush(within("apply", s_T=1000.5)), "brush-field", "brush.apply.s_T"),
    "image-guidance-large": (brush(within("apply", s_I=1000.5)), "brush-field", "brush.apply.s_I"),
    "resolution-zero": (
        brush(within("apply", resolution=0)),
        "brush-field",
        "brush.apply.resolution",
    ),
    "resolution-over-cap": (
        brush(within("apply", resolution=8193)),
        "brush-field",
        "brush.apply.resolution",
    ),
    "sampler-missing": (
        brush(within("apply", sampler=None)),
        "brush-field",
        "brush.apply.sampler",
    ),
    "training-array": (brush(document(training=[])), "brush-field", "brush.training"),
    "training-path-for-hash": (
        brush(document(training=training(pairs_sha256=["/home/me/a.jpg"]))),
        "brush-field",
        "brush.training.pairs_sha256[0]",
    ),
    "training-steps-over-cap": (
        brush(document(training=learned(steps=1_000_001))),
        "brush-field",
        "brush.training.instruction.steps",
    ),
    "training-losses-long": (
        brush(document(training=learned(loss_last=[0] * 4097))),
        "brush-field",
        "brush.training.instruction.loss_last",
    ),
    "training-pairs-long": (
        brush(document(training=training(pairs_sha256=[ZERO] * 4097))),
        "brush-field",
        "brush.training.pairs_sha256",
    ),
    "held-out-no-figure": (
        brush(document(training=training(held_out={"pairs": 1, "psnr": 30}))),
        "brush-field",
        "brush.training.held_out.psnr_unedited",
    ),
    "lineage-no-parents": (
        brush(document(lineage={"method": "blend", "parents": []})),
        "brush-field",
        "brush.lineage.parents",
    ),
    "lineage-parents-long": (brush(blended(4097)), "brush-field", "brush.lineage.parents"),
    "lineage-weight-large": (
        brush(blended(weight=-1_000_001)),
        "brush-field",
        "brush.lineage.parents[0].weight",
    ),
    "lineage-bucket-over-cap": (
        brush(blended(buckets=[1000])),
        "brush-field",
        "brush.lineage.parents[0].buckets[0]",
    ),
    "parts-none": (brush(graded(None), {}), "brush-contradiction", "brush"),
    "parts-no-base": (brush(document(base=None)), "brush-contradiction", "brush"),
    "parts-apply-alone": (
        brush(graded(LATTICE, apply=document()["apply"]), GRADE),
        "brush-contradiction",
        "brush",
    ),
    "grade-array": (brush(document(grade=[])), "brush-field", "brush.grade"),
    "grade-of-no-kind": (brush(graded({}), {}), "brush-contradiction", "brush.grade"),
    "grade-of-two-kinds": (
        changed_grade(stack=[LATTICE]),
        "brush-contradiction",
        "brush.grade",
    ),
    "grade-one-node": (changed_grade(nodes=1), "brush-field", "brush.grade.nodes"),
    "grade-nodes-over-cap": (changed_grade(nodes=66), "brush-field", "brush.grade.nodes"),
    "grade-kept-missing": (changed_grade(kept=None), "brush-field", "brush.grade.kept"),
    "grade-kept-number": (
        changed_grade(kept=KEPT | {"white": 1}),
        "brush-field",
        "brush.grade.kept.white",
    ),
    "grade-width-over-cap": (
        changed_network(width=257),
        "brush-field",
        "brush.grade.network.width",
    ),
    "grade-group-unknown": (
        changed_network(groups=["place", "weather"]),
        "brush-field",
        "brush.grade.network.groups[1]",
    ),
    "grade-group-twice": (
        changed_network(groups=["place", "place"]),
        "brush-contradiction",
        "brush.grade.network.groups",
    ),
    "grade-features-newer": (
        changed_network(features=2),
        "brush-version",
        "brush.grade.network.features",
    ),
    "grade-blend-empty": (brush(graded({"blend": []}), {}), "brush-field", "brush.grade.blend"),
    "grade-stack-empty": (brush(graded({"stack": []}), {}), "brush-field", "brush.grade.stack"),
    "grade-weight-large": (
        brush(graded(strength(LATTICE, 1_000_001)), {}),
        "brush-field",
        "brush.grade.blend[0].weight",
    ),
    "grades-over-cap": (
        grade_alone({"stack": [LATTICE] * 17}),
        "brush-contradiction",
        "brush.grade",
    ),
    "grade-mixed-too-deeply": (
        grade_alone(mixed_deeply(5)),
        "brush-contradiction",
        "brush.grade",
    ),
    "grade-inner-field": (
        brush(graded({"stack": [{"blend": [{"weight": 1, "grade": 5}]}]}), {}),
        "brush-field",
        "brush.grade.stack[0].blend[0].grade",
    ),
    "look-zone-missing": (
        brush(graded(LATTICE, look=LOOK | {"midtones": {}}), GRADE),
        "brush-field",
        "brush.look.midtones.lightness",
    ),
    "look-place-missing": (
        brush(graded(LATTICE, look=LOOK | {"place": {"edges": 1}}), GRADE),
        "brush-field",
        "brush.look.place.top",
    ),
    "content-hash-missing": (
        with_text(canonical(document())),
        "brush-field",
        "brush.content_sha256",
    ),
    "tensors-none": (
        pack({"__metadata__": {"brush": least_text()}}, b""),
        "brush-tensor",
        "header",
    ),
    "tensor-name": (
        brush(tensors=site() | {"mid.attn2.q": tensor()}),
        "brush-tensor",
        'header["mid.attn2.q"]',
    ),
    "tensor-of-no-grade": (
        brush(tensors=site() | {NODES: GRADE[NODES]}),
        "brush-tensor",
        f'header["{NODES}"]',
    ),
    "tensor-of-no-instruction": (
        brush(graded(LATTICE), GRADE | site()),
        "brush-tensor",
        K,
    ),
    "grade-no-nodes": (
        brush(graded(LATTICE), {AFFINE: GRADE[AFFINE]}),
        "brush-tensor",
        NODES,
    ),
    "grade-no-instruction-tensors": (
        brush(document(grade=LATTICE), GRADE),
        "brush-tensor",
        "header",
    ),
    "grade-affine-f16": (
        brush(graded(LATTICE), GRADE | {AFFINE: tensor("F16", (3, 4))}),
        "brush-dtype",
        f"{AFFINE}.dtype",
    ),
    "grade-shape-not-the-nodes": (
        brush(graded(LATTICE), GRADE | {NODES: tensor("F16", (3, 3, 3, 3))}),
        "brush-shape",
        f"{NODES}.shape",
    ),
    "grade-shape-flat": (
        brush(graded(LATTICE), GRADE | {AFFINE: tensor("F32", (12,))}),
        "brush-shape",
        f"{AFFINE}.shape",
    ),
    "grade-shape-not-the-groups": (
        brush(graded(network("place")), grade_tensors(network("tones"))),
        "brush-shape",
        "grade.network.first.shape",
    ),
    "tensor-no-values": (brush(tensors={K: tensor()}), "brush-tensor", V),
    "tensor-unknown-key": (brush(**entry(colour="red")), "brush-tensor", K),
    "tensor-offsets-negative": (
        brush(**entry(data_offsets=[-48, 0])),
        "brush-tensor",
        f"{K}.data_offsets",
    ),
    "dtype-bf16": (brush(**entry(dtype="BF16")), "brush-dtype", f"{K}.dtype"),
    "dtype-mixed": (brush(tensors={K: tensor(), V: tensor("F32")}), "brush-dtype", "header"),
    "shape-two-axes": (brush(**entry(shape=[6, 4])), "brush-shape", f"{K}.shape"),
    "shape-zero": (brush(**entry(shape=[0, 3, 4])), "brush-shape", f"{K}.shape"),
    "shape-absurd": (brush(**entry(shape=[2**50, 3, 4])), "brush-shape", f"{K}.shape"),
    "shape-not-the-buckets": (
        brush(tensors=site(shape=(3, M, D))),
        "brush-shape",
        "mid.attn2",
    ),
    "shape-not-the-tokens": (brush(tensors=site(shape=(J, 2, D))), "brush-shape", "mid.attn2"),
    "shape-keys-not-values": (
        brush(tensors={K: tensor(), V: tensor(shape=(J, M, 5))}),
        "brush-shape",
        "mid.attn2",
    ),
    "layout-hole": (shifted([0, SIZE], [SIZE + 8, 2 * SIZE + 8], 8), "brush-hole", V),
    "layout-hole-first": (shifted([8, SIZE + 8], [SIZE + 8, 2 * SIZE + 8], 8), "brush-hole", K),
    "layout-overlap": (shifted([0, SIZE], [SIZE - 8, 2 * SIZE - 8], -8), "brush-overlap", V),
    "layout-one-over-the-other": (shifted([0, SIZE], [0, SIZE], -SIZE), "brush-overlap", V),
    "trailing-byte": (brush() + b"\0", "brush-trailing", None),
    "not-finite-f16": (unfinite("F16", b"\x01\x7c"), "brush-not-finite", V),
    "infinite-f16": (unfinite("F16", b"\x00\xfc"), "brush-not-finite", V),
    "not-finite-f32": (unfinite("F32", b"\x00\x00\xc0\x7f"), "brush-not-finite", V),
    "content-feature-changed": (
        changed_data(from_end=9, flip=1),
        "brush-content-hash",
        "brush.content_sha256",
    ),
    "grade-infinite-node": (unfinite_nodes(), "brush-not-finite", NODES),
    "content-node-changed": (
        changed_node(),
        "brush-content-hash",
        "brush.content_sha256",
    ),
    "content-guidance-changed": (
        with_text(least_text().replace("7.5", "8.5")),
        "brush-content-hash",
        "brush.content_sha256",
    ),
}


def main(target: Path) -> None:
    """Write the files and what is expected of them into `target`."""
    manifest: dict[str, dict[str, object]] = {"valid": {}, "invalid": {}}
    for kind in manifest:
        (target / kind).mkdir(parents=True, exist_ok=True)
    for name, data in VALID.items():
        (target / "valid" / f"{name}.brush").write_bytes(data)
        manifest["valid"][f"{name}.brush"] = {"canonical": name not in NOT_CANONICAL}
    for name, (data, error, where) in INVALID.items():
        (target / "invalid" / f"{name}.brush").write_bytes(data)
        manifest["invalid"][f"{name}.brush"] = {"error": error, "where": where}
    (target / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else VECTORS)
