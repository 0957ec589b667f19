"""The procedural world tiny-ip2p is trained on: scenes, faces, textures, and edits named in words.

Everything is drawn from a `numpy.random.Generator`, so that a seed fixes every pixel, and a
before/after pair is aligned exactly. Coordinates are fractions of the picture's side, so that
one scene can be drawn at any size.
"""
