"""Latents after every step of every sampler, by diffusers and k-diffusion: golden files for denoiser-service.

    golden.py FOLDER        one JSON file per sampler, and one of PyTorch's noise
"""

import hashlib
import importlib
import json
import math
import pathlib
import sys
import types
import unittest.mock

import diffusers
import torch

import network

STARTER = {"num_train_timesteps": 1000, "beta_schedule": "linear", "beta_start": 0.0001, "beta_end": 0.02}
STABLE = {"num_train_timesteps": 1000, "beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012}
FLOW = {"num_train_timesteps": 1000}

EPSILON = {"prediction_type": "epsilon"}
VELOCITY = {"prediction_type": "v_prediction"}
SAMPLE = {"prediction_type": "sample"}
LEADING = {"timestep_spacing": "leading", "steps_offset": 1}
TRAILING = {"timestep_spacing": "trailing"}
LINSPACE = {"timestep_spacing": "linspace"}
ZERO_SNR = {"rescale_betas_zero_snr": True}
UNCLIPPED = {"clip_sample": False, "set_alpha_to_one": False}

# diffusers' scheduler of each sampler: class, its own settings. Its DPM-Solver++ SDE of third order is not k-diffusion's: the
# second difference comes in with the other sign.
SCHEDULERS = {
    "ddim": ("DDIMScheduler", {}),
    "euler": ("EulerDiscreteScheduler", {}),
    "euler_a": ("EulerAncestralDiscreteScheduler", {}),
    "heun": ("HeunDiscreteScheduler", {}),
    "dpm2": ("KDPM2DiscreteScheduler", {}),
    "dpmpp_2m": ("DPMSolverMultistepScheduler", {"algorithm_type": "dpmsolver++"}),
    "dpmpp_2m_sde": ("DPMSolverMultistepScheduler", {"algorithm_type": "sde-dpmsolver++"}),
    "dpmpp_2m_sde_heun": (
        "DPMSolverMultistepScheduler",
        {"algorithm_type": "sde-dpmsolver++", "solver_type": "heun"},
    ),
    "unipc": ("UniPCMultistepScheduler", {}),
    "deis": ("DEISMultistepScheduler", {}),
    "lms": ("LMSDiscreteScheduler", {}),
    "pndm": ("PNDMScheduler", {"skip_prk_steps": True}),
    "lcm": ("LCMScheduler", {}),
    "tcd": ("TCDScheduler", {}),
}
FLOW_SCHEDULERS = {
    "euler": "FlowMatchEulerDiscreteScheduler",
    "heun": "FlowMatchHeunDiscreteScheduler",
}
FLOW_MULTISTEP = {"prediction_type": "flow_prediction", "use_flow_sigmas": True}
# They keep latents in unit variance; the others as x0 + sigma * noise.
SCALED = {"ddim", "dpmpp_2m", "dpmpp_2m_sde", "dpmpp_2m_sde_heun", "dpmpp_3m_sde", "unipc", "deis", "pndm", "lcm", "tcd"}
TWO_CALLS = {"heun", "dpm2"}


def case(sampler, steps, seed, *settings, schedule="normal", elements=16, prompt=0.0, reference="diffusers", **options):
    config = {}
    for one in settings:
        config.update(one)
    return {
        "sampler": sampler,
        "reference": reference,
        "schedule": schedule,
        "steps": steps,
        "seed": seed,
        "elements": elements,
        "prompt": prompt,
        "config": config,
        "options": options,
    }


def k_case(*arguments, **named):
    return case(*arguments, reference="k-diffusion", **named)


def shift(value):
    return {"shift": value}


CASES = [
    case("ddim", 10, 11, STABLE, EPSILON, LEADING, UNCLIPPED),
    case("ddim", 8, 12, STARTER, VELOCITY, TRAILING, {"clip_sample": True, "clip_sample_range": 0.6, "set_alpha_to_one": True}, prompt=1.0),
    case("ddim", 5, 13, STABLE, EPSILON, LEADING, UNCLIPPED, eta=0.5, elements=20),
    case("ddim", 4, 14, STABLE, SAMPLE, TRAILING, UNCLIPPED, eta=1.0, elements=8),
    case("ddim", 10, 15, STABLE, VELOCITY, TRAILING, UNCLIPPED, ZERO_SNR),
    case("euler", 10, 21, STABLE, EPSILON, LEADING),
    case("euler", 7, 22, STABLE, VELOCITY, TRAILING, ZERO_SNR, prompt=2.0),
    case("euler", 9, 23, STARTER, VELOCITY, LINSPACE, elements=24),
    case("euler", 12, 24, STABLE, EPSILON, LINSPACE, schedule="karras"),
    case("euler", 6, 25, STABLE, EPSILON, LINSPACE, schedule="exponential"),
    case("euler", 13, 26, STABLE, EPSILON, LINSPACE, schedule="beta"),
    case("euler", 5, 27, STARTER, SAMPLE, TRAILING),
    k_case("euler", 8, 28, STABLE, EPSILON, LINSPACE, schedule="karras", s_churn=3.0, s_noise=1.003),
    k_case("euler", 7, 29, STABLE, EPSILON, LINSPACE, schedule="uniform"),
    k_case("euler", 6, 30, STABLE, EPSILON, LINSPACE, schedule="sgm_uniform"),
    k_case("euler", 7, 31, STABLE, EPSILON, LINSPACE, schedule="simple"),
    case("euler", 6, 32, FLOW, shift(3.0), prompt=0.5),
    case("euler", 4, 33, FLOW, shift(1.0)),
    case("euler_a", 10, 41, STABLE, EPSILON, LEADING),
    case("euler_a", 6, 42, STARTER, VELOCITY, TRAILING, prompt=1.5, elements=20),
    k_case("euler_a", 7, 43, STABLE, EPSILON, LINSPACE, schedule="karras", eta=0.6, s_noise=0.95),
    case("heun", 7, 51, STABLE, EPSILON, LEADING),
    case("heun", 5, 52, STABLE, VELOCITY, TRAILING, prompt=1.0),
    case("heun", 8, 53, STABLE, EPSILON, LINSPACE, schedule="karras"),
    k_case("heun", 6, 54, STABLE, EPSILON, LINSPACE, schedule="karras", s_churn=2.0, s_noise=1.01),
    case("heun", 5, 55, FLOW, shift(3.0)),
    case("dpm2", 6, 61, STABLE, EPSILON, LEADING),
    case("dpm2", 5, 62, STARTER, VELOCITY, TRAILING, prompt=3.0),
    k_case("dpm2", 7, 63, STABLE, EPSILON, LINSPACE, schedule="karras", s_churn=2.0),
    k_case("dpm2_a", 7, 71, STABLE, EPSILON, LINSPACE, schedule="karras"),
    k_case("dpm2_a", 5, 72, STABLE, VELOCITY, LINSPACE, schedule="uniform", eta=0.5, prompt=1.0),
    k_case("dpmpp_2s_a", 7, 81, STABLE, EPSILON, LINSPACE, schedule="karras"),
    k_case("dpmpp_2s_a", 6, 82, STARTER, VELOCITY, LINSPACE, schedule="exponential", eta=0.4, prompt=2.0),
    case("dpmpp_2m", 10, 91, STABLE, EPSILON, LEADING),
    case("dpmpp_2m", 20, 92, STABLE, EPSILON, LINSPACE, prompt=1.0, elements=8),
    case("dpmpp_2m", 9, 93, STABLE, VELOCITY, TRAILING, schedule="karras"),
    case("dpmpp_2m", 8, 94, STABLE, VELOCITY, TRAILING, ZERO_SNR),
    case("dpmpp_2m", 6, 95, FLOW, shift(3.0)),
    case("dpmpp_2m_sde", 10, 101, STABLE, EPSILON, LEADING),
    case("dpmpp_2m_sde", 8, 102, STABLE, VELOCITY, TRAILING, schedule="karras", prompt=1.0),
    k_case("dpmpp_2m_sde", 7, 103, STABLE, EPSILON, LINSPACE, schedule="exponential", eta=0.5, s_noise=1.02),
    case("dpmpp_2m_sde_heun", 8, 111, STABLE, EPSILON, LEADING),
    k_case("dpmpp_2m_sde_heun", 7, 112, STABLE, EPSILON, LINSPACE, schedule="karras", eta=0.7),
    k_case("dpmpp_3m_sde", 9, 121, STABLE, EPSILON, LINSPACE, schedule="karras"),
    k_case("dpmpp_3m_sde", 8, 122, STARTER, VELOCITY, LINSPACE, schedule="exponential", eta=0.3, prompt=1.0),
    k_case("dpmpp_sde", 7, 131, STABLE, EPSILON, LINSPACE, schedule="karras"),
    k_case("dpmpp_sde", 6, 132, STARTER, VELOCITY, LINSPACE, schedule="uniform", eta=0.6, s_noise=1.01, prompt=1.0),
    case("unipc", 10, 141, STABLE, EPSILON, LEADING),
    case("unipc", 8, 142, STABLE, VELOCITY, TRAILING, ZERO_SNR),
    case("unipc", 9, 143, STABLE, EPSILON, LINSPACE, schedule="karras", prompt=2.0),
    case("unipc", 20, 144, STARTER, VELOCITY, LINSPACE, elements=8),
    case("unipc", 6, 145, FLOW, shift(3.0), prompt=1.0),
    case("deis", 10, 151, STABLE, EPSILON, LEADING),
    case("deis", 17, 152, STABLE, EPSILON, LINSPACE, prompt=1.0, elements=8),
    case("deis", 8, 153, STARTER, VELOCITY, TRAILING, schedule="karras"),
    case("lms", 10, 161, STABLE, EPSILON, LEADING),
    case("lms", 8, 162, STABLE, VELOCITY, TRAILING, prompt=1.0),
    case("lms", 9, 163, STABLE, EPSILON, LINSPACE, schedule="karras"),
    case("pndm", 10, 171, STABLE, EPSILON, LEADING, {"set_alpha_to_one": False}),
    case("pndm", 20, 172, STABLE, EPSILON, LEADING, {"set_alpha_to_one": False}, prompt=1.0, elements=8),
    case("pndm", 4, 173, STARTER, EPSILON, LEADING, {"set_alpha_to_one": True}),
    case("lcm", 4, 181, STABLE, EPSILON),
    case("lcm", 7, 182, STABLE, VELOCITY, prompt=2.0, elements=20),
    case("lcm", 1, 183, STABLE, EPSILON),
    case("tcd", 4, 191, STABLE, EPSILON),
    case("tcd", 6, 192, STABLE, VELOCITY, eta=0.8, prompt=2.0),
    case("tcd", 5, 193, STABLE, EPSILON, eta=0.0),
]


def scheduler_of(one):
    config = dict(one["config"])
    name, own = SCHEDULERS[one["sampler"]]
    if "shift" in config:
        if one["sampler"] in FLOW_SCHEDULERS:
            return getattr(diffusers, FLOW_SCHEDULERS[one["sampler"]])(**config)
        return getattr(diffusers, name)(**own, **FLOW_MULTISTEP)
    flags = {"karras": "use_karras_sigmas", "exponential": "use_exponential_sigmas", "beta": "use_beta_sigmas"}
    if one["schedule"] != "normal":
        config[flags[one["schedule"]]] = True
    return getattr(diffusers, name)(**{**own, **config})


def by_diffusers(one):
    scheduler = scheduler_of(one)
    scheduler.set_timesteps(one["steps"])
    if "shift" in one["config"] and one["sampler"] not in FLOW_SCHEDULERS:
        # the levels of the scheduler that is made for flow matching, and the eps that UniPC takes from a first one of 1
        made_for_it = diffusers.FlowMatchEulerDiscreteScheduler(**one["config"])
        made_for_it.set_timesteps(one["steps"])
        scheduler.sigmas = made_for_it.sigmas.double()
        scheduler.sigmas[0] -= 1e-6
        scheduler.timesteps = made_for_it.timesteps
    generator = torch.Generator("cpu").manual_seed(one["seed"])
    flow = "shift" in one["config"]
    prediction = "flow_prediction" if flow else one["config"]["prediction_type"]
    latents = torch.randn(1, 1, 1, one["elements"], generator=generator)
    if not flow:
        latents = latents * scheduler.init_noise_sigma
    states = []
    for timestep in scheduler.timesteps:
        seen = latents if flow else scheduler.scale_model_input(latents, timestep)
        predicted = network.answer(prediction, one["prompt"], seen, float(timestep))
        extra = {key: value for key, value in one["options"].items() if key == "eta"}
        if one["sampler"] in ("ddim", "euler_a", "lcm", "tcd") or "sde" in one["sampler"]:
            extra["generator"] = generator
        latents = scheduler.step(predicted, timestep, latents, **extra).prev_sample
        states.append(latents.flatten())
    if one["sampler"] in TWO_CALLS:
        states = states[1:-1:2] + states[-1:]
    if one["sampler"] == "pndm":
        states = states[1:]
    return states


def k_sampling():
    """k_diffusion.sampling without the package around it, which asks for much that is not needed here."""
    path = next(p for p in map(pathlib.Path, sys.path) if (p / "k_diffusion").is_dir()) / "k_diffusion"
    package = types.ModuleType("k_diffusion")
    package.__path__ = [str(path)]
    utils = types.ModuleType("k_diffusion.utils")
    utils.append_dims = lambda x, dims: x[(...,) + (None,) * (dims - x.ndim)]
    package.utils = utils
    sys.modules.update({"k_diffusion": package, "k_diffusion.utils": utils})
    return importlib.import_module("k_diffusion.sampling")


def by_k_diffusion(one):
    config = {key: value for key, value in one["config"].items() if key != "timestep_spacing"}
    trained = diffusers.DDIMScheduler(**config).alphas_cumprod.double()
    trained = ((1 - trained) / trained).sqrt()
    logs = trained.log()
    prediction = config["prediction_type"]
    levels = network.k_levels(one["schedule"], trained, one["steps"])
    sigmas = torch.cat([levels, torch.zeros(1)]).float()
    generator = torch.Generator("cpu").manual_seed(one["seed"])
    shape = (1, 1, 1, one["elements"])

    def timestep(sigma):
        place = torch.searchsorted(logs, sigma.double().log()).clamp(1, len(logs) - 1)
        part = (sigma.double().log() - logs[place - 1]) / (logs[place] - logs[place - 1])
        return float((place - 1 + part).clamp(0, len(logs) - 1))

    def model(latents, sigma):
        sigma = sigma[0]
        seen = latents / (sigma**2 + 1).sqrt()
        told = timestep(sigma)
        # those that diffusers rounds as well
        if one["sampler"] in SCALED:
            told = round(told)
        predicted = network.answer(prediction, one["prompt"], seen, told)
        if prediction == "epsilon":
            return latents - sigma * predicted
        return latents / (sigma**2 + 1) - predicted * sigma / (sigma**2 + 1).sqrt()

    first = sigmas[0]
    initial = torch.randn(shape, generator=generator) * (
        (first**2 + 1).sqrt() if one["sampler"] in SCALED else first
    )
    sampling = k_sampling()
    states = []

    def callback(info):
        if info["i"] > 0:
            states.append(info["x"].flatten())

    def draw():
        return torch.randn(shape, generator=generator)

    # the order of the draws is the samplers'; the Brownian tree of the original gives way to numbered draws
    class Brownian:
        """Noise between two sigmas as a Brownian motion over sigma would have it, of which parts are known."""

        def __init__(self):
            self.start = None

        def __call__(self, sigma, sigma_next):
            if one["sampler"] != "dpmpp_sde":
                return draw()
            if self.start is None:
                self.start = (sigma, sigma_next, draw())
                return self.start[2]
            begin, middle, first_part = self.start
            self.start = None
            second_part = draw()
            whole = first_part * (begin - middle).sqrt() + second_part * (middle - sigma_next).sqrt()
            return whole / (begin - sigma_next).sqrt()

    options = dict(one["options"])
    name = {
        "euler": "sample_euler",
        "euler_a": "sample_euler_ancestral",
        "heun": "sample_heun",
        "dpm2": "sample_dpm_2",
        "dpm2_a": "sample_dpm_2_ancestral",
        "dpmpp_2s_a": "sample_dpmpp_2s_ancestral",
        "dpmpp_sde": "sample_dpmpp_sde",
        "dpmpp_2m_sde": "sample_dpmpp_2m_sde",
        "dpmpp_2m_sde_heun": "sample_dpmpp_2m_sde",
        "dpmpp_3m_sde": "sample_dpmpp_3m_sde",
    }[one["sampler"]]
    if "dpmpp_2m_sde" in one["sampler"]:
        options["solver_type"] = "heun" if "heun" in one["sampler"] else "midpoint"
    if one["sampler"] not in ("euler", "heun", "dpm2"):
        options["noise_sampler"] = Brownian()
    # those three draw from PyTorch's own generator, at every step whether it is needed or not
    with torch.no_grad(), unittest.mock.patch.object(torch, "randn_like", lambda x: draw()):
        last = getattr(sampling, name)(model, initial, sigmas, callback=callback, disable=True, **options)
    # between the steps it shows latents that have the next step's noise already
    return [last.flatten()] if "s_churn" in one["options"] else states + [last.flatten()]


def noise():
    """What torch.randn draws in a row: the SHA-256 of each draw's fp32 in little-endian order, and where each begins."""
    cases = []
    for seed, elements in [(0, 16), (7, 5), (7, 20), (123456, 65541), (2**32 + 7, 33), (2**53 - 1, 4096)]:
        generator = torch.Generator("cpu").manual_seed(seed)
        draws = [torch.randn(elements, generator=generator) for _ in range(4)]
        cases.append(
            {
                "seed": seed,
                "elements": elements,
                "sha256": [hashlib.sha256(draw.numpy().tobytes()).hexdigest() for draw in draws],
                "begins": [number(draw[0].item()) for draw in draws],
            }
        )
    return cases


def write(path, cases):
    lines = ",\n".join(json.dumps(one) for one in cases)
    path.write_text(f"[\n{lines}\n]\n")


def number(value):
    return float(f"{value:.9g}")


def main(folder):
    torch.set_num_threads(1)
    folder.mkdir(parents=True, exist_ok=True)
    files = {}
    for one in CASES:
        states = by_diffusers(one) if one["reference"] == "diffusers" else by_k_diffusion(one)
        assert len(states) in (1, one["steps"]), (one, len(states))
        one["scaled"] = one["reference"] == "diffusers" and one["sampler"] in SCALED and "shift" not in one["config"]
        one["latents"] = [[number(value) for value in state.tolist()] for state in states]
        assert all(math.isfinite(value) for state in one["latents"] for value in state), one
        files.setdefault(one["sampler"], []).append(one)
    for sampler, cases in files.items():
        write(folder / f"{sampler}.json", cases)
    write(folder / "noise.json", noise())


main(pathlib.Path(sys.argv[1]))
