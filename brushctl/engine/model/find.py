"""Which base model is meant, where it lies, and whether a brush is of it; without loading it.

Neither torch nor diffusers is imported for a base that is on this machine: that takes seconds.
"""

from dataclasses import dataclass
from pathlib import Path

from brushctl.brushes.metadata import Metadata
from brushctl.engine.model.fingerprint import identity, identity_of_file
from brushctl.engine.model.hub import at_hand, find_base, is_here, unavailable, with_revision
from brushctl.errors import BrushctlError, BrushMismatchError
from brushctl.files import resolved
from brushctl.settings import TINY, TINY_DIT

EMBEDDED = Path(__file__).parents[2] / "tiny" / "weights"
PACKAGED = {TINY: EMBEDDED, TINY_DIT: EMBEDDED.with_name("weights_dit")}
"""The base models that come with the package."""


@dataclass(frozen=True, slots=True)
class Found:
    """A base model that is on this machine and not loaded.

    Attributes:
        id: what it is called in brushes.
        revision: the hub revision, if one was asked for.
        path: its folder in diffusers' layout, or its file.
        model_sha256: which U-Net or transformer it has.
    """

    id: str
    revision: str | None
    path: Path
    model_sha256: str


def find(name: str | None, revision: str | None = None) -> Found:
    """A base model: `tiny-ip2p`, a folder in diffusers' layout, a checkpoint, a hub id.

    Args:
        name: which; a hub id may say a revision, as in `owner/model@revision`. None for tiny-ip2p.
        revision: of a hub id that says none.

    Raises:
        BaseModelError: it is not on this machine and cannot be fetched, or is no IP2P model.
        UsageError: the revision is empty.
    """
    name, named_revision = with_revision(name or TINY)
    revision = named_revision or revision
    path = PACKAGED.get(name) or find_base(name, revision)
    try:
        sha256 = identity_of_file(path) if path.is_file() else identity(denoiser(path))
    except BrushctlError:
        raise
    except Exception as error:
        # What is damaged shows itself in as many exceptions as there are libraries below.
        raise unavailable(name, revision, error) from error
    own = name in PACKAGED or not is_here(name)
    return Found(name if own else resolved(path).name, revision, path, sha256)


def denoiser(folder: Path) -> Path:
    """The part of a base's folder that a brush is learned in: its transformer or its U-Net."""
    transformer = folder / "transformer"
    return transformer if transformer.is_dir() else folder / "unet"


def find_for(brush: Metadata, base: str | None = None) -> Found:
    """The base model of a brush.

    Args:
        brush: what it says of itself.
        base: where the base is, if not where the brush says.

    Raises:
        BaseModelError: see `find`.
        BrushMismatchError: it is another base than the brush's, or the brush has none, or it is of
            a family of transformers that is not known.
    """
    check_family(brush)
    named = brush.instruction_part().base
    found = find(base or named.id, None if base else named.revision)
    check_identity(brush, found.id, found.model_sha256, use="Pass --base")
    return found


def check_family(brush: Metadata) -> None:
    """See that a brush is of a U-Net, or of a family of transformers that is known.

    Raises:
        BrushMismatchError: it is not.
    """
    family = brush.instruction_part().base.family
    if family is None:
        return
    from brushctl.engine.flow.families import FAMILIES  # torch, which these brushes need anyway

    if all(known.name != family for known in FAMILIES.values()):
        raise BrushMismatchError(
            f"the brush is of the transformers {family!r}, which this version of brushctl does not "
            "know",
            where=brush.name,
            do="Update brushctl.",
        )


def model_here(name: str | None) -> str | None:
    """Which model a base has, as `find` calls it; None if it is not on this machine whole.

    The hub is not asked.
    """
    own, revision = with_revision(name or TINY)
    try:
        return find(name).model_sha256 if own in PACKAGED or at_hand(own, revision) else None
    except Exception:  # what is damaged, or no name at all, is not here
        return None


def check_identity(brush: Metadata, base_id: str, model_sha256: str, *, use: str = "Use") -> None:
    """See that a brush is of a base's model.

    Args:
        brush: what it says of itself.
        base_id: what the base is called.
        model_sha256: which U-Net or transformer the base has.
        use: how to name another base, where the caller takes one.

    Raises:
        BrushMismatchError: it was learned on another, or on none.
    """
    own = brush.instruction_part().base
    if own.model_sha256 != model_sha256:
        named = f"{own.id}@{own.revision}" if own.revision else own.id
        elsewhere = f"{use} {named}, or learn the brush again on {base_id}."
        other_version = f"{brush.tool} had the other version; or learn the brush again on this one."
        raise BrushMismatchError(
            f"the brush was learned on {named} ({own.model_sha256[:12]}), "
            f"this base model is {base_id} ({model_sha256[:12]})",
            where=brush.name,
            do=other_version if named == base_id else elsewhere,
        )
