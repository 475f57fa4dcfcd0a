"""Discord: how documents look there."""
