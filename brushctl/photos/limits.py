"""How much may come with a photograph: what decoders and parsers are not given more of.

Each is far above what cameras and programs write, and low enough for a file to take seconds.
docs/photographers.md states them.
"""

BYTES = 2**32
"""Of a photograph's file or stream: as many as a TIFF can have, and more than 300 megapixels of
16-bit colour and transparency take, which are 2.4 GB."""
METADATA = 32 * 2**20
"""Bytes of one block of metadata, of all that stands before a JPEG's pixels, and of all blocks
that are unpacked from a PNG's texts. Depth maps and histories in XMP take some 10 MiB."""
PARTS = 10_000
"""Segments of a JPEG, chunks beside a PNG's pixels, chunks of a WebP, boxes and items of a HEIC or
AVIF, resources of Photoshop, pages of a TIFF that are counted. XMP of 32 MiB takes 520
segments, a HEIC of 300 megapixels 1,200 tiles."""
PIECES = 1_000_000
"""Chunks of a PNG's pixels: 300 megapixels in pieces of 8 KiB, as libpng writes, are 300,000."""
SCANS = 100
"""Of a JPEG, each of which a decoder goes through the whole picture for: progressive ones have
some 10."""
EXIF = 4 * 2**20
"""Bytes of a directory's values that tell of the photograph, in a TIFF or in EXIF: cameras write
some 64 KiB. As numbers in Python they take sixteen times as much."""
TAGS = 1000
"""Of a directory of a TIFF or of EXIF: a raw picture's has some 150."""
SUBDIRECTORIES = 100
"""Of a TIFF's page: a raw picture's has some 5."""
XMP_TAGS = 250_000
"""Tags and attributes of a packet: histories of 10 MiB have some 200,000."""
XMP_DEPTH = 100
"""Elements of a packet within one another: a mask within a mask takes some 20."""
PROFILE = 16 * 2**20
"""Bytes of an ICC profile: the largest that printers have take some 5 MiB."""
CURVE = 65536
"""Entries of an ICC profile's curve: 16 bits tell no more apart."""
