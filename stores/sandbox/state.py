"""The state file: what the platforms know, kept over restarts."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .errors import ControlError
from .platform import SandboxPlatform


class StateFile:
    def __init__(self, path: Path, platforms: Sequence[SandboxPlatform[Any]]) -> None:
        self._path = path
        self._platforms = platforms
        self._lock = threading.Lock()
        self._saved = [-1] * len(platforms)

    def load(self) -> None:
        """Restores the platforms from the file, if there is one.

        Raises ValueError when it is no state file.
        """
        if not self._path.exists():
            return
        try:
            state = json.loads(self._path.read_bytes())
            for platform in self._platforms:
                if platform.prefix in state:
                    platform.restore(state[platform.prefix])
        except (ValueError, TypeError, ControlError) as error:
            raise ValueError(f"{self._path} is not a sandbox state file: {error}") from error

    def save(self) -> None:
        """Returns once every change so far is in the file; a caller behind a write usually finds
        its own done.
        """
        mine = self._revisions()
        with self._lock:
            if any(saved < needed for saved, needed in zip(self._saved, mine, strict=True)):
                # Read before the snapshot: a change in between is then written once more, never
                # missed.
                revisions = self._revisions()
                self._write()
                self._saved = revisions

    def _revisions(self) -> list[int]:
        return [platform.revision for platform in self._platforms]

    def _write(self) -> None:
        state = {platform.prefix: platform.snapshot() for platform in self._platforms}
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        draft.write_bytes(json.dumps(state, ensure_ascii=False).encode("utf-8", "replace"))
        os.replace(draft, self._path)
