"""Losses: one function a published loss, named as its paper names it."""
