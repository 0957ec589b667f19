"""The training recipe of tiny-ip2p, part by part: `python -m brushctl.tiny.train PART`."""
