"""What brushes are stamped with: the day, and who made them."""

import os
from datetime import UTC, datetime

from brushctl import __version__


def today() -> str:
    """The day in UTC, or that of SOURCE_DATE_EPOCH.

    No more than a day, so that a command repeated on the same day writes the same bytes.
    """
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    moment = datetime.fromtimestamp(int(epoch), UTC) if epoch else datetime.now(UTC)
    return moment.date().isoformat()


def tool() -> str:
    """This program and its version."""
    return f"brushctl {__version__}"
