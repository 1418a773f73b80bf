"""Encoders: networks that map images to embeddings, their heads, and the loop that trains them."""
