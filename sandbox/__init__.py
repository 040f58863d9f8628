"""The sandbox: one seeded world, the platforms that report on it, and its truth ledger.

Nothing here is imported by the pipeline and nothing of the pipeline is imported here: the two
meet only over HTTP and in the drop folder.
"""
