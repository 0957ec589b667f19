/** What is wrong with a file: `code` is one of brush-1.md, `where` the path of the field. */
export class BrushDefect extends Error {
  constructor(code, where = null) {
    super(where ? `${where}: ${code}` : code);
    this.code = code;
    this.where = where;
  }
}
