"""The sources, found by scanning this package: a new platform is one new file here."""

from __future__ import annotations

import importlib
import inspect
import pkgutil

from desilo.sources.base import Connection, Page, Source, Stream

__all__ = ["REGISTRY", "Connection", "Page", "Source", "Stream"]


def _scan() -> dict[str, type[Source]]:
    """Import every module beside this one and collect its sources by kind."""
    found: dict[str, type[Source]] = {}
    for module_info in sorted(pkgutil.iter_modules(__path__), key=lambda info: info.name):
        module = importlib.import_module(f"{__name__}.{module_info.name}")
        for _, member in inspect.getmembers(module, inspect.isclass):
            is_own = member.__module__ == module.__name__
            if is_own and issubclass(member, Source) and not inspect.isabstract(member):
                if member.kind in found:
                    other = found[member.kind].__module__
                    raise ImportError(f"{module.__name__} and {other} both claim {member.kind!r}")
                found[member.kind] = member
    return found


REGISTRY: dict[str, type[Source]] = _scan()
