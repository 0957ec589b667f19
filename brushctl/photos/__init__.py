"""Photographs: pairs, decoding and encoding, full-resolution transfer, the run journal."""
