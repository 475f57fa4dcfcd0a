"""The delivery engine: what is due is posted once, whatever happens.

No post without a committed intent, no second post without having looked: every step is first written down in the store
by the holder of a lane, and correctness rests on its unique keys and fences, not on anything in memory.
"""
