"""Who made a brush: its name, the day, and the program, as its metadata say."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from brushctl import __version__
from brushctl.errors import UsageError


@dataclass(frozen=True, slots=True)
class Provenance:
    """The name, the day and the program that go into a new brush's metadata."""

    name: str
    created: str
    tool: str

    @classmethod
    def today(cls, name: str) -> Self:
        """The provenance of a brush that this program makes now.

        Raises:
            UsageError: SOURCE_DATE_EPOCH is set, and not to a time.
        """
        return cls(name, _day(), f"brushctl {__version__}")


def _day() -> str:
    """The day in UTC, or that of SOURCE_DATE_EPOCH.

    No more than a day, so that a command repeated on the same day writes the same bytes.
    """
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    try:
        moment = datetime.fromtimestamp(int(epoch), UTC) if epoch else datetime.now(UTC)
    except (ValueError, OverflowError, OSError):
        raise UsageError(
            "is not a time in seconds since 1970",
            where=f"SOURCE_DATE_EPOCH={epoch}",
            do="Set it to a whole number, or unset it.",
        ) from None
    return moment.date().isoformat()
