"""Desilo: ad spend, app events and orders on one identity, one release a night."""
