"""Ids that people read and type: nothing in them is mistaken for another character."""

from base64 import b32encode

_TO_OURS = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"0123456789ABCDEFGHJKMNPQRSTVWXYZ")  # Crockford's
_LOOK_ALIKE = str.maketrans("OIL", "011")


def id_from(number: int, length: int) -> str:
    """Returns the id that the lowest `5 * length` bits of a number make."""
    lowest = number & (1 << 5 * length) - 1
    octets = -(-length // 8) * 5
    return b32encode(lowest.to_bytes(octets, "big")).translate(_TO_OURS)[-length:].decode()


def alike(typed: str) -> str:
    """Returns an id as all its ways to be typed have it: in capitals, 0 for o, 1 for i or l."""
    return typed.strip().upper().translate(_LOOK_ALIKE)
