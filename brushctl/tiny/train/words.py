"""How tiny-ip2p spells: its tokenizer."""

from transformers import CLIPTokenizer

MAX_TOKENS = 32
"""Longest instruction of the world: three grading clauses, 23 tokens."""
ENDINGS = [chr(code) for code in (*range(0x21, 0x7F), *range(0xA1, 0x180))]
"""A word for each byte that can end one: at the end of a word, a letter is another token.

One that no word had ended with would be unknown, and CLIP's token for that is the end of the text.
"""


def new_tokenizer(texts: list[str]) -> CLIPTokenizer:
    """CLIP's byte-level BPE with merges learned from the world's words.

    Any other word falls apart into its letters, or their bytes; none is unknown.
    """
    blank = CLIPTokenizer(model_max_length=MAX_TOKENS)
    tokenizer = blank.train_new_from_iterator(sorted({*texts, *ENDINGS}), vocab_size=1600)
    assert isinstance(tokenizer, CLIPTokenizer)
    return tokenizer
