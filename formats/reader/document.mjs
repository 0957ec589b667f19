// The fields of the document, version 1, as brush-1.md lists them.

import { BrushDefect } from "./defect.mjs";
import { join } from "./json.mjs";

const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;
const CONTROL_IN_PROSE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/;
const DAY = "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])";
const MOMENT = new RegExp(`^${DAY}(T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z)?$`);

const LINE_CAP = 4096;
const PROSE_CAP = 16384;
const PICTURE_CAP = 262144;
const LIST_CAP = 4096;
const TIMESTEPS = 10000;

// A check takes a value and its path, and throws brush-field if the value is not right.
const holds = (test) => (value, path) => {
  if (!test(value)) throw new BrushDefect("brush-field", path);
};
const text = (test, most = LINE_CAP) =>
  holds((v) => typeof v === "string" && [...v].length <= most && test(v));
const numeric = (test) => holds((v) => typeof v === "number" && test(v));
const within = (least, most) => numeric((v) => v >= least && v <= most);
const whole = (least, most) =>
  numeric((v) => Number.isSafeInteger(v) && v >= least && v <= most);

const line = text((v) => !CONTROL.test(v));
const prose = text((v) => !CONTROL_IN_PROSE.test(v), PROSE_CAP);
const name = text((v) => !CONTROL.test(v) && v !== "", 100);
const sha256 = text((v) => /^[0-9a-f]{64}$/.test(v));
const moment = text((v) => MOMENT.test(v));
const picture = text(
  (v) => /^data:image\/(png|jpeg);base64,[A-Za-z0-9+/]+={0,2}$/.test(v),
  PICTURE_CAP,
);
const number = numeric(() => true);
const positive = numeric((v) => v > 0);
const bool = holds((v) => typeof v === "boolean");
const integer = numeric(Number.isSafeInteger);
const index = whole(0, Number.MAX_SAFE_INTEGER);
const count = whole(1, Number.MAX_SAFE_INTEGER);
const tokens = whole(1, 4096);
const guidance = within(0, 1000);
const firstToken = whole(-4096, 4096);

const array = (check, least = 0) => (value, path) => {
  holds((v) => Array.isArray(v) && v.length >= least && v.length <= LIST_CAP)(value, path);
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
const segment = record({ m: tokens, weight: within(1e-6, 1e6) });
const instruction = record(
  { m: tokens, segments: array(segment, 1) },
  { phrase: line, before: uniquePhrase, after: uniquePhrase, first: firstToken },
);
const buckets = record({ count: whole(1, 1000), edges: array(whole(0, TIMESTEPS), 2) });
const base = record(
  { id: line, architecture: line, model_sha256: sha256 },
  { revision: line, family: line },
);
const apply = record(
  {
    s_T: guidance,
    s_I: guidance,
    steps: whole(1, TIMESTEPS),
    sampler: line,
    resolution: whole(1, 8192),
  },
  { guidance },
);

const FEATURES = 1;
const COLUMNS = { tones: 32, place: 6, surroundings: 13 };
const kept = record({ black: bool, white: bool, greys: bool, nothing_but_greys: bool });
const group = text((v) => Object.hasOwn(COLUMNS, v));
const network = (value, path) => {
  record({ features: count })(value, path);
  if (value.features !== FEATURES) throw new BrushDefect("brush-version", `${path}.features`);
  record({ groups: array(group), width: whole(1, 256) })(value, path);
  if (new Set(value.groups).size < value.groups.length) {
    throw new BrushDefect("brush-contradiction", `${path}.groups`);
  }
};
const anyGrade = (value, path) => {
  record({})(value, path);
  const found = Object.keys(gradeKinds).filter((key) => key in value);
  if (found.length !== 1) throw new BrushDefect("brush-contradiction", path);
  gradeKinds[found[0]](value, path);
};
const gradeTerm = record({ weight: within(-1e6, 1e6), grade: anyGrade });
const gradeKinds = {
  nodes: record({ nodes: whole(2, 65), kept }, { network }),
  blend: record({ blend: array(gradeTerm, 1) }),
  stack: record({ stack: array(anyGrade, 1) }),
};
const zone = record({ lightness: number, warmth: number, tint: number });
const place = record({ edges: number, top: number, left: number });
const look = record(
  { shadows: zone, midtones: zone, highlights: zone, contrast: number, saturation: number },
  { place },
);
const members = (grade) => grade.blend?.map((term) => term.grade) ?? grade.stack ?? [];
const gradeDepth = (grade) =>
  members(grade).length && 1 + Math.max(...members(grade).map(gradeDepth));
const grade = (value, path) => {
  anyGrade(value, path);
  if (singleGrades(value).length > 16 || gradeDepth(value) > 4) {
    throw new BrushDefect("brush-contradiction", path);
  }
};

/** Each lattice with its network, and what the names of its tensors begin with. */
function singleGrades(grade, prefix = "grade") {
  if ("nodes" in grade) return [[prefix, grade]];
  return members(grade).flatMap((inner, k) => singleGrades(inner, `${prefix}.${k}`));
}

/** The shapes of the tensors of a document's grade, by name. */
export function gradeShapes(document) {
  const shapes = new Map();
  for (const [prefix, { nodes, network }] of document.grade ? singleGrades(document.grade) : []) {
    shapes.set(`${prefix}.affine`, [3, 4]).set(`${prefix}.nodes`, [nodes, nodes, nodes, 3]);
    if (!network) continue;
    const { groups, width } = network;
    const inputs = groups.reduce((sum, group) => sum + COLUMNS[group], 4) + 1;
    shapes.set(`${prefix}.network.first`, [inputs, width]);
    shapes.set(`${prefix}.network.second`, [width + 1, width]);
    shapes.set(`${prefix}.network.third`, [width, 6]);
    shapes.set(`${prefix}.network.straight`, [inputs, 6]);
  }
  return shapes;
}

const heldOut = record(
  { pairs: count, psnr: number, psnr_unedited: number },
  {
    psnr_grade: number,
    psnr_phrase: number,
    de2000: number,
    de2000_unedited: number,
    folds: count,
    megapixels: positive,
  },
);
const instructionTraining = record({
  recipe: line,
  steps: whole(1, 1e6),
  batch: count,
  learning_rate: positive,
  loss_first: array(number, 1),
  loss_last: array(number, 1),
});
const gradeScore = record({ method: line, groups: array(line), psnr: number });
const training = record(
  { pairs_sha256: array(sha256, 1), seed: integer },
  { instruction: instructionTraining, grade: array(gradeScore, 1), held_out: heldOut },
);
const lineage = (value, path) =>
  record({ method: line, parents: array(parent, 1) })(value, path);
const parent = record(
  { name, content_sha256: sha256, weight: within(-1e6, 1e6) },
  { buckets: array(whole(0, 999), 1), lineage },
);
const brush = record(
  {
    format: array(index, 2),
    name,
    created: moment,
    tool: line,
    content_sha256: sha256,
  },
  {
    instruction,
    buckets,
    base,
    apply,
    grade,
    look,
    training,
    lineage,
    title: line,
    author: line,
    license: line,
    note: prose,
    preview: picture,
  },
);

/** Throws brush-version, brush-field or brush-contradiction. */
export function checkDocument(document) {
  record({ format: array(index) })(document, "brush");
  const { format } = document;
  if (format.length !== 2) throw new BrushDefect("brush-field", "brush.format");
  if (format[0] !== 1) throw new BrushDefect("brush-version", "brush.format");
  brush(document, "brush");
  const parts = ["instruction", "buckets", "base", "apply"].filter((key) => key in document);
  if (parts.length % 4 || !(parts.length || document.grade)) {
    throw new BrushDefect("brush-contradiction", "brush");
  }
  if (parts.length) checkInstruction(document);
}

function checkInstruction(document) {
  const { m, segments, first = 0 } = document.instruction;
  if (segments.reduce((sum, s) => sum + s.m, 0) !== m) {
    throw new BrushDefect("brush-contradiction", "brush.instruction.segments");
  }
  if (first < 0 && first + m > 0) {
    throw new BrushDefect("brush-contradiction", "brush.instruction.first");
  }
  const { count: j, edges } = document.buckets;
  const ascending = edges.every((edge, k) => k === 0 || edges[k - 1] < edge);
  if (edges.length !== j + 1 || edges[0] !== 0 || !ascending) {
    throw new BrushDefect("brush-contradiction", "brush.buckets.edges");
  }
  if (document.apply.steps > edges[j]) {
    throw new BrushDefect("brush-contradiction", "brush.apply.steps");
  }
}
