"""Encoders: networks that embed images, their objectives, and the loop that trains them."""
