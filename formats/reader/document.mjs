// The fields of the document, version 1, as brush-1.md lists them.

import { BrushDefect } from "./defect.mjs";
import { join } from "./json.mjs";

const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;
const CONTROL_IN_PROSE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/;
const DAY = "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])";
const MOMENT = new RegExp(`^${DAY}(T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z)?$`);

// A check takes a value and its path, and throws brush-field if the value is not right.
const holds = (test) => (value, path) => {
  if (!test(value)) throw new BrushDefect("brush-field", path);
};
const text = (test) => holds((v) => typeof v === "string" && test(v));
const numeric = (test) => holds((v) => typeof v === "number" && test(v));

const line = text((v) => !CONTROL.test(v));
const prose = text((v) => !CONTROL_IN_PROSE.test(v));
const name = text((v) => !CONTROL.test(v) && v !== "" && [...v].length <= 100);
const sha256 = text((v) => /^[0-9a-f]{64}$/.test(v));
const moment = text((v) => MOMENT.test(v));
const picture = text((v) => /^data:image\/(png|jpeg);base64,[A-Za-z0-9+/]+={0,2}$/.test(v));
const number = numeric(() => true);
const scale = numeric((v) => v >= 0);
const positive = numeric((v) => v > 0);
const integer = numeric(Number.isSafeInteger);
const index = numeric((v) => Number.isSafeInteger(v) && v >= 0);
const count = numeric((v) => Number.isSafeInteger(v) && v >= 1);

const array = (check, least = 0) => (value, path) => {
  holds((v) => Array.isArray(v) && v.length >= least)(value, path);
  value.forEach((element, k) => check(element, `${path}[${k}]`));
};

const record = (required, optional = {}) => (value, path) => {
  holds((v) => typeof v === "object" && v !== null && !Array.isArray(v))(value, path);
  for (const [key, check] of Object.entries({ ...required, ...optional })) {
    if (key in value) check(value[key], join(path, key));
    else if (key in required) throw new BrushDefect("brush-field", join(path, key));
  }
};

const uniquePhrase = record({ phrase: line, sensitivity: number });
const segment = record({ m: count, weight: positive });
const instruction = record(
  { m: count, segments: array(segment, 1) },
  { phrase: line, before: uniquePhrase, after: uniquePhrase },
);
const buckets = record({ count, edges: array(index, 2) });
const base = record({ id: line, architecture: line, unet_sha256: sha256 }, { revision: line });
const apply = record({
  s_T: scale,
  s_I: scale,
  steps: count,
  sampler: line,
  resolution: count,
});
const heldOut = record(
  { pairs: count, psnr: number, psnr_unedited: number },
  { psnr_phrase: number, folds: count },
);
const training = record(
  {
    recipe: line,
    steps: count,
    batch: count,
    learning_rate: positive,
    seed: integer,
    loss_first: array(number, 1),
    loss_last: array(number, 1),
    pairs_sha256: array(sha256, 1),
  },
  { held_out: heldOut },
);
const lineage = (value, path) =>
  record({ method: line, parents: array(parent, 1) })(value, path);
const parent = record(
  { name, content_sha256: sha256, weight: number },
  { buckets: array(index, 1), lineage },
);
const brush = record(
  {
    format: array(index, 2),
    name,
    created: moment,
    tool: line,
    instruction,
    buckets,
    base,
    apply,
    content_sha256: sha256,
  },
  { training, lineage, title: line, author: line, license: line, note: prose, preview: picture },
);

/** Throws brush-version, brush-field or brush-contradiction. */
export function checkDocument(document) {
  record({ format: array(index) })(document, "brush");
  const { format } = document;
  if (format.length !== 2) throw new BrushDefect("brush-field", "brush.format");
  if (format[0] !== 1) throw new BrushDefect("brush-version", "brush.format");
  brush(document, "brush");
  const { m, segments } = document.instruction;
  if (segments.reduce((sum, s) => sum + s.m, 0) !== m) {
    throw new BrushDefect("brush-contradiction", "brush.instruction.segments");
  }
  const { count: j, edges } = document.buckets;
  const ascending = edges.every((edge, k) => k === 0 || edges[k - 1] < edge);
  if (edges.length !== j + 1 || edges[0] !== 0 || !ascending) {
    throw new BrushDefect("brush-contradiction", "brush.buckets.edges");
  }
}
