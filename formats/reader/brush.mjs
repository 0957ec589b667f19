// A reader of .brush files, version 1: plain JavaScript for Node, no packages.
// It follows ../brush-1.md section by section and passes ../vectors.
//
//   import { readBrush } from "./brush.mjs";
//   const { document, tensors } = readBrush(bytes);   // throws BrushDefect

import { createHash } from "node:crypto";
import { canonical, join, parseStrict } from "./json.mjs";
import { BrushDefect } from "./defect.mjs";
import { checkDocument, gradeShapes } from "./document.mjs";

export { BrushDefect };

const HEADER_CAP = 2 ** 20;
const FILE_CAP = 2 ** 32;
const ITEM_BYTES = { F16: 2, F32: 4 };
const TENSOR = /^[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*\.[kv]$/;

/** Read and check a whole brush from its bytes (a Uint8Array). */
export function readBrush(bytes) {
  const { document, slots, dataStart, size } = readHeader(bytes);
  if (bytes.length < size) throw new BrushDefect("brush-truncated");
  if (bytes.length > size) throw new BrushDefect("brush-trailing");
  const tensors = new Map();
  for (const [name, slot] of slots) {
    const data = bytes.subarray(dataStart + slot.start, dataStart + slot.end);
    checkFinite(name, slot.dtype, data);
    tensors.set(name, { dtype: slot.dtype, shape: slot.shape, data });
  }
  if (contentHash(document, tensors) !== document.content_sha256) {
    throw new BrushDefect("brush-content-hash", "brush.content_sha256");
  }
  return { document, tensors };
}

function readHeader(bytes) {
  if (bytes.length < 8) throw new BrushDefect("brush-truncated");
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (length > BigInt(HEADER_CAP)) throw new BrushDefect("brush-header-size");
  const dataStart = 8 + Number(length);
  if (bytes.length < dataStart) throw new BrushDefect("brush-truncated");
  const raw = bytes.subarray(8, dataStart);
  if (raw[0] !== "{".charCodeAt(0)) throw new BrushDefect("brush-json", "header");
  const entries = parseStrict(raw, "header");
  const document = readDocument(entries.__metadata__);
  delete entries.__metadata__;
  const shapes = gradeShapes(document);
  const slots = new Map();
  for (const [name, entry] of Object.entries(entries)) slots.set(name, slot(name, entry, shapes));
  const missing = [...shapes.keys()].filter((name) => !slots.has(name));
  if (missing.length) throw new BrushDefect("brush-tensor", missing.sort()[0]);
  checkFeatures(new Map([...slots].filter(([name]) => !shapes.has(name))), document);
  const size = dataStart + checkLayout(slots);
  if (size > FILE_CAP) throw new BrushDefect("brush-header-size");
  return { document, slots, dataStart, size };
}

function readDocument(outer) {
  const where = "header.__metadata__";
  const texts = isObject(outer) && Object.values(outer).every((v) => typeof v === "string");
  if (!texts) throw new BrushDefect("brush-document", where);
  if (!("brush" in outer)) throw new BrushDefect("brush-document", `${where}.brush`);
  const document = parseStrict(new TextEncoder().encode(outer.brush), "brush");
  checkDocument(document);
  return document;
}

function slot(name, entry, shapes) {
  const expected = shapes.get(name);
  if (!expected && (name.startsWith("grade.") || !TENSOR.test(name))) {
    throw new BrushDefect("brush-tensor", join("header", name));
  }
  const keys = isObject(entry) ? Object.keys(entry).sort().join() : "";
  if (keys !== "data_offsets,dtype,shape") throw new BrushDefect("brush-tensor", name);
  const { dtype, shape, data_offsets: offsets } = entry;
  const half = dtype === "F16" && (!expected || name.endsWith(".nodes"));
  if (!half && dtype !== "F32") throw new BrushDefect("brush-dtype", `${name}.dtype`);
  if (!isWhole(offsets, 2)) throw new BrushDefect("brush-tensor", `${name}.data_offsets`);
  const shaped =
    isWhole(shape, expected?.length ?? 3) &&
    shape.every((n, axis) => (expected ? n === expected[axis] : n > 0));
  const [start, end] = offsets;
  if (!shaped || end - start !== shape.reduce((size, n) => size * n, ITEM_BYTES[dtype])) {
    throw new BrushDefect("brush-shape", `${name}.shape`);
  }
  return { dtype, shape, start, end };
}

const isObject = (value) =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isWhole = (values, count) =>
  Array.isArray(values) &&
  values.length === count &&
  values.every((n) => Number.isSafeInteger(n) && n >= 0);

function checkFeatures(slots, document) {
  if (!document.instruction) {
    if (slots.size) throw new BrushDefect("brush-tensor", [...slots.keys()].sort()[0]);
    return;
  }
  const sites = [...new Set([...slots.keys()].map((name) => name.slice(0, -2)))].sort();
  if (sites.length === 0) throw new BrushDefect("brush-tensor", "header");
  const missing = sites.flatMap((s) => [`${s}.k`, `${s}.v`]).filter((name) => !slots.has(name));
  if (missing.length) throw new BrushDefect("brush-tensor", missing.sort()[0]);
  if (new Set([...slots.values()].map((s) => s.dtype)).size > 1) {
    throw new BrushDefect("brush-dtype", "header");
  }
  for (const site of sites) {
    const [k, v] = [slots.get(`${site}.k`).shape, slots.get(`${site}.v`).shape];
    const [j, m] = [document.buckets.count, document.instruction.m];
    if (k.join() !== v.join() || k[0] !== j || k[1] !== m) {
      throw new BrushDefect("brush-shape", site);
    }
  }
}

/** The tensors must lie one after the other, without hole or overlap; returns where they end. */
function checkLayout(slots) {
  const placed = [...slots].sort(([a, s], [b, t]) => s.start - t.start || (a < b ? -1 : 1));
  let position = 0;
  for (const [name, { start, end }] of placed) {
    if (start > position) throw new BrushDefect("brush-hole", name);
    if (start < position) throw new BrushDefect("brush-overlap", name);
    position = end;
  }
  return position;
}

/** A float is NaN or infinite when all bits of its exponent are set. */
function checkFinite(name, dtype, data) {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  for (let i = 0; i < data.byteLength; i += ITEM_BYTES[dtype]) {
    const finite =
      dtype === "F16"
        ? (view.getUint16(i, true) & 0x7c00) !== 0x7c00
        : Number.isFinite(view.getFloat32(i, true));
    if (!finite) throw new BrushDefect("brush-not-finite", name);
  }
}

function contentHash(document, tensors) {
  const steering = {};
  for (const key of ["apply", "buckets", "grade", "instruction"]) {
    if (key in document) steering[key] = document[key];
  }
  if (document.base) steering.model_sha256 = document.base.model_sha256;
  const hash = createHash("sha256").update(canonical(steering));
  for (const name of [...tensors.keys()].sort()) {
    const { dtype, shape, data } = tensors.get(name);
    hash.update(`\0${name}\0${dtype}\0${shape.join()}\0`).update(data);
  }
  return hash.digest("hex");
}
