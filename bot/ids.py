"""Ids that people read and type: nothing in them is mistaken for another character."""

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's
_LOOK_ALIKE = str.maketrans("OIL", "011")


def id_from(number: int, length: int) -> str:
    """Returns the id that the lowest `5 * length` bits of a number make."""
    return "".join(_ALPHABET[number >> 5 * place & 31] for place in reversed(range(length)))


def alike(typed: str) -> str:
    """Returns an id as all its ways to be typed have it: in capitals, 0 for o, 1 for i or l."""
    return typed.strip().upper().translate(_LOOK_ALIKE)
