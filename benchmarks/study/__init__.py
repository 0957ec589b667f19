"""How near brushes come to edits, on tiny-ip2p."""
