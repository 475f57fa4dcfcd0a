"""The chat platforms, each in a folder of its own; imported only when enabled."""
