"""Where files really lie, of very many in few folders."""

import os
from pathlib import Path


class RealPaths:
    """As `brushctl.files.resolved`, but follows the links on the way to each folder only once."""

    def __init__(self) -> None:
        self._folders: dict[str, str] = {}

    def of(self, path: Path) -> str:
        """A path with every link followed, as far as it leads somewhere."""
        folder, name = os.path.split(path)
        if name in ("", os.pardir):
            return os.path.realpath(path)
        real = os.path.join(self.of_folder(folder), name)  # noqa: PTH118  (twice as quick)
        return os.path.realpath(real) if os.path.islink(real) else real  # noqa: PTH114

    def of_folder(self, folder: str) -> str:
        """The same for a folder; the empty name is the working directory's."""
        if folder not in self._folders:
            self._folders[folder] = os.path.realpath(folder)
        return self._folders[folder]
