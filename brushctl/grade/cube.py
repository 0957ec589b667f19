"""A fitted table of colours as a `.cube` file (Adobe, Cube LUT Specification 1.0, 2013)."""

from brushctl.grade.lut import Lut


def encode_cube(lut: Lut, comment: str) -> str:
    """The text of the file: the comment, the size, then a line for each node, red varying fastest.

    Args:
        lut: the table.
        comment: one line, for people who open the file.
    """
    rows = lut.table.transpose(2, 1, 0, 3).reshape(-1, 3).tolist()
    nodes = "".join(f"{red:.6f} {green:.6f} {blue:.6f}\n" for red, green, blue in rows)
    return f"# {comment}\n\nLUT_3D_SIZE {lut.grid}\n{nodes}"
