// Strict JSON in (JSON.parse would let a key stand twice), canonical JSON out (RFC 8785).

import { BrushDefect } from "./defect.mjs";

const DEPTH_CAP = 64;
const SPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const WORDS = { true: true, false: false, null: null };

/** The path of a member; a key that is no plain word is quoted. */
export const join = (path, key) =>
  /^[A-Za-z_][A-Za-z0-9_]*$/.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`;

/** Parse an object from UTF-8 bytes; throws brush-json, brush-depth or brush-duplicate. */
export function parseStrict(bytes, path) {
  let text;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new BrushDefect("brush-json", path);
  }
  const value = new Parser(text, path).document();
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new BrushDefect("brush-json", path);
  }
  return value;
}

class Parser {
  constructor(text, root) {
    this.text = text;
    this.root = root;
    this.position = 0;
    this.late = null; // defects that only matter where the whole text is JSON
  }

  document() {
    const value = this.value(this.root, 1);
    this.match(SPACE);
    if (this.position < this.text.length) throw this.wrong();
    if (this.late) throw this.late;
    return value;
  }

  value(path, depth) {
    this.match(SPACE);
    const first = this.text[this.position];
    if (first === "{") return this.object(path, depth);
    if (first === "[") return this.array(path, depth);
    if (first === '"') return this.string(path);
    for (const [word, value] of Object.entries(WORDS)) {
      if (this.text.startsWith(word, this.position)) {
        this.position += word.length;
        return value;
      }
    }
    return this.number(path);
  }

  object(path, depth) {
    const members = Object.create(null);
    this.enter(depth);
    for (let n = 0; !this.leave("}", n > 0); n += 1) {
      this.match(SPACE);
      const key = this.string(path);
      const where = join(path, key);
      if (key in members) this.late ??= new BrushDefect("brush-duplicate", where);
      this.match(SPACE);
      if (this.text[this.position] !== ":") throw this.wrong();
      this.position += 1;
      members[key] = this.value(where, depth + 1);
    }
    return members;
  }

  array(path, depth) {
    const elements = [];
    this.enter(depth);
    while (!this.leave("]", elements.length > 0)) {
      elements.push(this.value(`${path}[${elements.length}]`, depth + 1));
    }
    return elements;
  }

  enter(depth) {
    if (depth > DEPTH_CAP) throw new BrushDefect("brush-depth", this.root);
    this.position += 1;
  }

  /** True at the closing bracket; otherwise steps over the comma that must stand between. */
  leave(bracket, between) {
    this.match(SPACE);
    const here = this.text[this.position];
    if (here === bracket || (between && here === ",")) this.position += 1;
    else if (between) throw this.wrong();
    return here === bracket;
  }

  string(path) {
    const value = JSON.parse(this.match(STRING));
    if (!value.isWellFormed()) this.late ??= new BrushDefect("brush-json", path);
    return value;
  }

  number(path) {
    const value = Number(this.match(NUMBER));
    if (!Number.isFinite(value)) this.late ??= new BrushDefect("brush-json", path);
    return value;
  }

  match(pattern) {
    pattern.lastIndex = this.position;
    const found = pattern.exec(this.text);
    if (!found) throw this.wrong();
    this.position = pattern.lastIndex;
    return found[0];
  }

  wrong() {
    return new BrushDefect("brush-json", this.root);
  }
}

/** The one way to write a value. JavaScript sorts and prints as RFC 8785 asks. */
export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.keys(value).sort();
  return `{${members.map((k) => `${JSON.stringify(k)}:${canonical(value[k])}`).join()}}`;
}
