"""Turn whatever went wrong into a message on stderr and an exit status."""

import errno
import os
import sys
import traceback
from collections.abc import Callable

from brushctl.cli.output import print_error, print_json
from brushctl.errors import BrushctlError, DiskError, Interrupted

DISK_ERRNOS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM}


def run_and_exit(app: Callable[[], object]) -> int:
    """Run the command tree; return the exit status it earned.

    Usage errors of the parser itself are Typer's: it prints them and exits with 2.
    """
    try:
        app()
    except BrokenPipeError:
        # The reader of our stdout has gone (`brushctl list | head`): stop without a word.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return _report(Interrupted("interrupted", do="Run the same command again to go on."))
    except BrushctlError as error:
        return _report(error)
    except OSError as error:
        if error.errno not in DISK_ERRNOS:
            return _unexpected(error)
        return _report(
            DiskError(
                (error.strerror or str(error)).lower(),
                where=str(error.filename) if error.filename else None,
                do="Free some space or choose another place, then run the command again.",
            )
        )
    except Exception as error:
        return _unexpected(error)
    return 0


def _report(error: BrushctlError) -> int:
    if "--debug" in sys.argv:
        traceback.print_exc()
    if "--json" in sys.argv:
        print_json({"error": error.to_dict()})
    else:
        print_error(str(error))
    return error.exit_status


def _unexpected(error: Exception) -> int:
    return _report(
        BrushctlError(
            f"unexpected {type(error).__name__}: {error}",
            do="Run it again as `brushctl --debug ...` for the traceback, and please report it.",
        )
    )
