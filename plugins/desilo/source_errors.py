"""The six ways a platform can fail to answer. The class says what happens next; see transport."""

from __future__ import annotations

THROTTLE_WITHOUT_HINT_S = 60.0


class SourceError(Exception):
    """A platform did not give what was asked for. The text names platform, request and reason."""


class TransientError(SourceError):
    """Nobody's fault and probably over soon."""


class MalformedResponseError(TransientError):
    """The answer arrived damaged; what is in it must not be used."""


class ThrottledError(SourceError):
    """Asked too often. ``wait_s`` is how long the server (or the platform's rule) wants us away."""

    def __init__(self, message: str, wait_s: float = THROTTLE_WITHOUT_HINT_S) -> None:
        super().__init__(message)
        self.wait_s = wait_s


class TooBigError(SourceError):
    """The answer would be larger than the platform gives in one piece: ask for less."""


class AuthError(SourceError):
    """The access is missing, expired or withdrawn. Trying again does not help."""


class BadRequestError(SourceError):
    """The platform understood the request and refuses it. Trying again does not help."""


class VersionSunsetError(BadRequestError):
    """The API version that we speak is no longer served."""
