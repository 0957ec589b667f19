"""What a pipeline reads of words, recorded and put in the place of other words."""

from contextlib import ExitStack, contextmanager

import torch

from brushctl.engine.flow.offsets import Offsets, even_edges

ONE, OTHER = "make it snow", "make it rain"
"""Phrases of as many tokens."""


def latents(model, image, phrase, /, **more):
    """What the stock pipeline makes, before it is decoded."""
    arguments = model.arguments(image, phrase) | more
    generator = torch.Generator().manual_seed(0)
    return model.pipe(**arguments, generator=generator, output_type="latent").images


def words(model, phrase):
    """Arguments that change the words alone, not Kontext's summary of them."""
    return {"prompt": ONE, "prompt_2": phrase} if model.family.name == "flux-kontext" else {
        "prompt": phrase
    }  # fmt: skip


@contextmanager
def recorded(model):
    """Keys and values of the words at each site, call after call: {(site, kind): [(1, l, d)]}."""
    kept, now = {}, []
    with ExitStack() as stack:

        def begin(_, __, named):
            now[:] = model.family.brushed(named), slice(model.family.words(named))

        hook = model.denoiser.register_forward_pre_hook(begin, with_kwargs=True)
        stack.callback(hook.remove)
        for name, site in model.sites.items():
            for kind, module, columns in site.outputs:

                def keep(_, __, output, key=(name, kind), columns=columns):
                    own = output.flatten(2)[(*now, columns)]
                    kept.setdefault(key, []).append(own.clone())

                stack.callback(module.register_forward_hook(keep).remove)
        yield kept


def replayed(model, kept):
    """Features that put all recorded tokens that a phrase decides in their place, step by step."""
    length = next(iter(kept.values()))[0].shape[1]
    m = model.family.most_tokens(model.pipe, ONE)
    first = model.family.first(m)
    start = first if first >= 0 else length + first
    steps = len(next(iter(kept.values())))
    edges = even_edges(model.sigmas, steps)
    assert len(edges) == steps + 1  # a bucket for each step
    features = {
        name: tuple(
            torch.cat([x[:, start : start + m] for x in reversed(kept[name, kind])])
            for kind in "kv"
        )
        for name in model.sites
    }
    return Offsets(ONE, first, features, edges)
