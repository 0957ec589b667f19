"""The training recipe of tiny-ip2p and tiny-dit by parts: `python -m brushctl.tiny.train PART`."""
