"""The registry through which rooms plug into the harnesses: see ``registry.Room``, ``Entry``."""

import importlib
import pkgutil

from rooms.registry import Entry, Room, arrays_of, shifted

_MODULES = [importlib.import_module(f"rooms.{m.name}") for m in pkgutil.iter_modules(__path__)]

ROOMS: list[Room] = [room for module in _MODULES for room in getattr(module, "ROOMS", ())]
ENTRIES: list[Entry] = [entry for module in _MODULES for entry in getattr(module, "ENTRIES", ())]

__all__ = ["ENTRIES", "ROOMS", "Entry", "Room", "arrays_of", "shifted"]
