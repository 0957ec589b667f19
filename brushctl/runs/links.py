"""Where files really lie, of very many in few folders."""

import os
import unicodedata

MANY = 16
"""Files of a folder after which all its links are listed at once: to ask of each is a call of the
system each, and on a share a message."""


class RealPaths:
    """As `brushctl.files.resolved`, with few calls for many files in one folder."""

    def __init__(self) -> None:
        self._folders: dict[str, _Folder] = {}

    def of(self, path: str) -> str:
        """A path with every link followed, as far as it leads somewhere."""
        folder, name = os.path.split(path)
        return os.path.realpath(path) if name in ("", os.pardir) else self._in(folder).real_of(name)

    def of_folder(self, folder: str) -> str:
        """The same for a folder; the empty name is the working directory's."""
        return self._in(folder).real

    def _in(self, folder: str) -> "_Folder":
        known = self._folders.get(folder)
        if known is None:
            known = self._folders[folder] = _Folder(os.path.realpath(folder))
        return known


class _Folder:
    """A folder with its links."""

    def __init__(self, real: str) -> None:
        self.real = real
        self._asked = 0
        self._links: set[str] | None = None

    def real_of(self, name: str) -> str:
        path = f"{self.real}{os.sep}{name}" if self.real != os.sep else self.real + name
        return os.path.realpath(path) if self._may_be_link(name, path) else path

    def _may_be_link(self, name: str, path: str) -> bool:
        if self._links is None:
            self._asked += 1
            if self._asked != MANY:
                return os.path.islink(path)  # noqa: PTH114  (without a `Path`)
            self._links = _links_in(self.real)
            return self._links is None or folded(name) in self._links
        return bool(self._links) and folded(name) in self._links


def folded(name: str) -> str:
    """What two names have in common that are one file on some disks: those of cameras, say."""
    return unicodedata.normalize("NFC", name).casefold()


def _links_in(folder: str) -> set[str] | None:
    """The names of the links in a folder, folded; None if it may not be listed."""
    try:
        with os.scandir(folder) as entries:
            return {folded(entry.name) for entry in entries if entry.is_symlink()}
    except FileNotFoundError:
        return set()
    except OSError:
        return None
