"""What we say: documents composed from the knowledge, and their sentences."""
