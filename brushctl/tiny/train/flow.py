"""What tiny-dit learns from: rectified flow, of the truth and of what it makes itself."""

from dataclasses import dataclass

import torch
from diffusers import FluxTransformer2DModel
from torch.nn import functional as F
from transformers import CLIPTextModel

from brushctl.tiny.train.encoded import Latents
from brushctl.tiny.train.objective import cost, focus_on

BATCH = 16
"""Half of the U-Net's: more steps in the same time, which are scarce on a CPU."""
OWN = 6
"""Draws from pure noise; what the model sees there is drawn once more, as sampling goes on."""
WORDLESS = 0.05
"""Share of draws without words: what a guidance away from no words needs."""
POOLED_EMPTY = 0.5
"""Share of draws whose pooled words are those of no words.

The pooled words turn every feature of every block. Learned with them alone, an edit would hardly
need its words' keys and values, which are what brushes replace.
"""


@dataclass(frozen=True, slots=True)
class Flow:
    """What a step of training makes smaller.

    Attributes:
        model: what learns.
        text_encoder: does not learn.
        latents: the pairs it learns from.
        nothing: (1, 32) token ids of no words.
        worth: (24, 24), what an error of the latents costs in pixels.
        shift: of the sampling times towards noise; training draws its times as sampling does.
    """

    model: FluxTransformer2DModel
    text_encoder: CLIPTextModel
    latents: Latents
    nothing: torch.Tensor
    worth: torch.Tensor
    shift: float

    def loss(self, g: torch.Generator) -> torch.Tensor:
        """What is seen in pure noise, of that again under less noise, and of the truth."""
        index = torch.randint(len(self.latents.tokens), (BATCH - OWN,), generator=g)
        kept, device = self.latents, self.worth.device
        before, truth = (side[index].float().to(device) for side in (kept.before, kept.after))
        words = self._words(kept.tokens[index].to(device), g)
        focus = focus_on(before, truth)
        noise = torch.randn(truth.shape, generator=g).to(device)
        sigma = torch.cat([torch.ones(OWN), self._times(g, BATCH - 2 * OWN)]).to(device)
        seen = estimate(self.model, truth, noise, sigma, before, words)
        own, later = seen[:OWN].detach(), self._times(g, OWN).to(device)
        first = Words(words.tokens[:OWN], words.pooled[:OWN])
        again = estimate(self.model, own, noise[:OWN], later, before[:OWN], first)
        costs = (
            cost(seen, truth, focus, self.worth),
            cost(again, truth[:OWN], focus[:OWN], self.worth),
        )
        return torch.cat(costs).mean()

    def _words(self, ids: torch.Tensor, g: torch.Generator) -> "Words":
        shares = torch.tensor([[WORDLESS], [POOLED_EMPTY]])
        wordless, plain = (torch.rand(2, len(ids), generator=g) < shares).to(ids.device)
        ids = torch.where(wordless[:, None], self.nothing, ids)
        with torch.no_grad():
            known = self.text_encoder(torch.cat([ids, self.nothing]))
        pooled = torch.where(plain[:, None], known.pooler_output[-1:], known.pooler_output[:-1])
        return Words(known.last_hidden_state[:-1], pooled)

    def _times(self, g: torch.Generator, n: int) -> torch.Tensor:
        """Sigmas as sampling visits them: (n,)."""
        u = torch.rand(n, generator=g)
        return self.shift * u / (1 + (self.shift - 1) * u)


@dataclass(frozen=True, slots=True)
class Words:
    """What a Flux transformer reads of n instructions: (n, 32, width), and pooled (n, width)."""

    tokens: torch.Tensor
    pooled: torch.Tensor


def estimate(
    model: FluxTransformer2DModel,
    under: torch.Tensor,
    noise: torch.Tensor,
    sigma: torch.Tensor,
    picture: torch.Tensor,
    words: Words,
) -> torch.Tensor:
    """The edited pictures that a sampling step sees in `noise` with `under` beneath it.

    All pictures are (n, c, h, w) latents; `sigma` is the share of the noise, (n,).
    """
    s = sigma[:, None, None, None]
    z = (1 - s) * under + s * noise
    return z - s * velocity(model, z, picture, sigma, words)


def velocity(
    model: FluxTransformer2DModel,
    z: torch.Tensor,
    picture: torch.Tensor,
    sigma: torch.Tensor,
    words: Words,
) -> torch.Tensor:
    """Noise less picture as the transformer predicts it, asked as FluxKontextPipeline asks it.

    The picture's tokens follow the noisy ones, one further on the first rotary axis.
    """
    rows, columns = z.shape[2] // 2, z.shape[3] // 2
    places = torch.cartesian_prod(torch.arange(2), torch.arange(rows), torch.arange(columns))
    out = model(
        hidden_states=torch.cat([_packed(z), _packed(picture)], 1),
        timestep=sigma,
        pooled_projections=words.pooled,
        encoder_hidden_states=words.tokens,
        txt_ids=torch.zeros(words.tokens.shape[1], 3, device=z.device),
        img_ids=places.float().to(z.device),
        return_dict=False,
    )[0][:, : rows * columns]
    return F.pixel_shuffle(out.float().transpose(1, 2).unflatten(2, (rows, columns)), 2)


def _packed(z: torch.Tensor) -> torch.Tensor:
    """(n, c, h, w) as tokens of 2 x 2 latents, (n, h w / 4, 4 c)."""
    return F.pixel_unshuffle(z, 2).flatten(2).transpose(1, 2)
