"""What is wrong with a place for results, in the same words for paths and URLs."""

from brushctl.errors import PhotoError, PlanError

APART = "Tell them apart in --name, with {folder}"


def inside(output: str, folder: str, *, same: bool) -> PlanError:
    """The output folder is an input folder or lies inside it."""
    lies = "is" if same else f"lies inside {folder},"
    return PlanError(
        f"the output folder {lies} an input folder",
        where=output,
        do="The next run would edit the results again. Choose another folder, or pass --in-place.",
    )


def replacing(target: str, otherwise: str = "") -> PlanError:
    """A result has the name of a photograph."""
    return PlanError(
        "the result would replace a photograph",
        where=target,
        do=f"Choose another output folder{otherwise}.",
    )


def alike(one: object, other: object, target: str) -> PlanError:
    """Two photographs have results of one name."""
    return PlanError(
        f"{one} and {other} would have the same result", where=target, do=f"{APART} or {{n}}."
    )


def in_the_way(target: str) -> PlanError:
    """A file stands where a result would go, and no journal tells of it."""
    return PlanError(
        "a file is where a result would go, and no earlier run made it",
        where=target,
        do="Choose another output folder, or pass --overwrite.",
    )


def there_already(target: str) -> PlanError:
    """The one file that is named for a result, of which no journal is kept, exists."""
    return PlanError(
        "the file exists already",
        where=target,
        do="Choose another name; --overwrite replaces it.",
    )


def of_another(source: str, other: str, target: str) -> PlanError:
    """The result of `other` is where that of `source` would go."""
    return PlanError(
        f"{source} would replace the result of another photograph, {other}",
        where=target,
        do=f"{APART}, or pass --overwrite.",
    )


def appeared(target: str) -> PhotoError:
    """A file has appeared where the result of a vacant job would go."""
    return PhotoError(
        "another program has put a file where the result would go",
        where=target,
        do="Move it away and pass --retry-failed, or pass --overwrite.",
    )
