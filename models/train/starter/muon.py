"""Muon for matrices and kernels, Adam for the rest, over fp32 master weights of a bf16 model.

Muon: Jordan et al. 2024, momentum orthogonalised by Newton-Schulz iterations; here with the coefficients of Polar Express
(Amsel et al. 2025). The scale 0.2 sqrt(max(rows, columns)) gives updates the size of AdamW's (Liu et al. 2025).
"""
import torch

COEFFICIENTS = [
    (8.28721201814563, -23.595886519098837, 17.300387312530933),
    (4.107059111542203, -2.9478499167379106, 0.5448431082926601),
    (3.9486908534822946, -2.908902115962949, 0.5518191394370137),
    (3.3184196573706015, -2.488488024314874, 0.51004894012372),
]


def orthogonal(g):
    """[k, rows, columns] -> its nearest (semi-)orthogonal matrices, nearly."""
    x = g.bfloat16()
    tall = x.shape[1] > x.shape[2]
    x = x.transpose(1, 2) if tall else x
    x = x / (x.float().pow(2).sum((1, 2), keepdim=True).sqrt() * 1.02 + 1e-7).to(x.dtype)
    for a, b, c in COEFFICIENTS:
        s = torch.bmm(x, x.transpose(1, 2))
        x = torch.baddbmm(x, torch.baddbmm(s, s, s, beta=b, alpha=c), x, beta=a)
    return x.transpose(1, 2) if tall else x


class Muon:
    """Keeps the master weights, their moving average and the momenta; writes the model's bf16 weights after a step."""

    def __init__(self, model, adam=(), momentum=0.95, betas=(0.9, 0.98), weight_decay=0.02, ema=0.999):
        self.momentum, self.betas, self.weight_decay, self.ema_decay, self.t = momentum, betas, weight_decay, ema, 0
        named = [(n, p) for n, p in model.named_parameters() if p.requires_grad]
        self.names, self.parameters = [n for n, _ in named], [p for _, p in named]
        self.master = [p.detach().float().contiguous().clone() for p in self.parameters]
        self.ema = [m.clone() for m in self.master]
        groups, self.adam = {}, []
        for i, (name, p) in enumerate(named):
            matrix = p.ndim >= 2 and min(p.shape[0], p[0].numel()) >= 16 and name.split(".")[0] not in adam
            if matrix:
                groups.setdefault((p.shape[0], p[0].numel()), []).append(i)
            else:
                self.adam.append(i)
        device = self.master[0].device
        self.groups = [(shape, ix, torch.zeros(len(ix), *shape, device=device)) for shape, ix in groups.items()]
        self.first = [torch.zeros_like(self.master[i]) for i in self.adam]
        self.second = [torch.zeros_like(m) for m in self.first]
        self.write()

    @torch.no_grad()
    def write(self):
        for p, m in zip(self.parameters, self.master):
            p.data.copy_(m)

    @torch.no_grad()
    def step(self, lr):
        """One update from the gradients, which it clears. Returns their norm (a tensor: reading it waits for the GPU)."""
        self.t += 1
        grads = [p.grad.float() for p in self.parameters]
        for p in self.parameters:
            p.grad = None
        norm = torch.stack(torch._foreach_norm(grads)).norm()
        sane = torch.where(torch.isfinite(norm), (1 / norm.clamp(min=1e-9)).clamp(max=1.0), torch.zeros_like(norm))
        for (rows, columns), ix, momentum in self.groups:
            g = torch.stack([grads[i].reshape(rows, columns) for i in ix]).nan_to_num_(0, 0, 0)
            momentum.lerp_(g, 1 - self.momentum)
            update = orthogonal(g.lerp_(momentum, self.momentum)).float() * (-lr * 0.2 * max(rows, columns) ** 0.5)
            weights = [self.master[i] for i in ix]
            torch._foreach_mul_(weights, 1 - lr * self.weight_decay)
            torch._foreach_add_(weights, [u.reshape(w.shape) for u, w in zip(update.unbind(0), weights)])
        grads = [grads[i].nan_to_num(0, 0, 0) * sane for i in self.adam]
        b1, b2 = self.betas
        torch._foreach_lerp_(self.first, grads, 1 - b1)
        torch._foreach_mul_(self.second, b2)
        torch._foreach_addcmul_(self.second, grads, grads, 1 - b2)
        root = torch._foreach_sqrt(self.second)
        torch._foreach_div_(root, (1 - b2**self.t) ** 0.5)
        torch._foreach_add_(root, 1e-8)
        torch._foreach_addcdiv_([self.master[i] for i in self.adam], self.first, root, -0.5 * lr / (1 - b1**self.t))
        torch._foreach_lerp_(self.ema, self.master, 1 - min(self.ema_decay, (1 + self.t) / (10 + self.t)))
        self.write()
        return norm

    def weights(self, ema=True):
        return {n: t.clone() for n, t in zip(self.names, self.ema if ema else self.master)}

    def state(self):
        """Everything that a run needs to go on."""
        return dict(t=self.t, master=self.master, ema=self.ema, momenta=[m for _, _, m in self.groups], first=self.first, second=self.second)

    def restore(self, state):
        self.t, mine = state["t"], self.state()
        for name in mine.keys() - {"t"}:
            for tensor, stored in zip(mine[name], state[name], strict=True):
                tensor.copy_(stored)
        self.write()
