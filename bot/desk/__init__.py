"""The desk: what people ask of subscriptions and digests, answered from the store."""
