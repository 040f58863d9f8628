"""What must be true before a night's numbers may be seen: suites by gate, as Python.

`registry` says what a claim is and which suites a gate has; `landing` and `release` declare them.
Nothing here knows how or where they run.
"""
