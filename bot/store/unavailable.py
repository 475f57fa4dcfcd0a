"""What those meet who ask a database that cannot be used; they need not know what it keeps."""

from bot.unusable import Unusable


class StoreUnavailable(Unusable):
    """Says in one line why the database cannot be used now, and the way out."""
