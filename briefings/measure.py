"""How platforms count characters, measured the safe way."""


def length(text: str) -> int:
    """Returns the larger of a text's code points and its UTF-16 code units: which of them a platform means is moot."""
    if text.isascii():
        return len(text)
    return len(text.encode("utf-16-le", "surrogatepass")) // 2  # a code point has one or two of them


def shortened(text: str, most: int) -> str:
    """Returns a text of at most a number of characters, with an ellipsis where it was cut; for labels only."""
    if length(text) <= most:
        return text
    cut = text[: most - 1]
    while length(cut) > most - 1:
        cut = cut[:-1]
    return cut.rstrip() + "…"
