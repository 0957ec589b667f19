// Check brush files: `node check.mjs FILE...` prints one line of JSON for each.

import { readFileSync } from "node:fs";
import { BrushDefect, readBrush } from "./brush.mjs";

for (const file of process.argv.slice(2)) {
  let verdict;
  try {
    const { document } = readBrush(new Uint8Array(readFileSync(file)));
    verdict = { error: null, where: null, content_sha256: document.content_sha256 };
  } catch (error) {
    if (!(error instanceof BrushDefect)) throw error;
    verdict = { error: error.code, where: error.where };
  }
  console.log(JSON.stringify({ file, ...verdict }));
}
