"""Subscriptions: what people may ask for, in what words, and what is done with it."""
