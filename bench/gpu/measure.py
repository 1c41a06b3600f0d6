"""Times the U-Nets on a GPU in Latentline's session and in PyTorch, and writes a table.

    python3 measure.py FOLDER [--tiny] [--device cuda:0] [--networks sd15,sdxl] [--batches 1,2,4,8,16] [--seconds 2]

FOLDER is what prepare packed: graphs/, java/ (a JRE and jars) and ort/ (ONNX Runtime's libraries). Writes FOLDER/results.md and
FOLDER/results.json after every row, so that what was measured stays when time runs out.
"""

import argparse
import json
import math
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import time

import torch
from fill import fill
from networks import networks

STEPS = 20
"""Of a picture, each with two rows in the batch: one for the prompt, one for the negative prompt."""

HERE = pathlib.Path(__file__).resolve().parent


class Report:
    def __init__(self, folder, head):
        self.folder, self.head, self.rows, self.notes = folder, head, [], []

    def row(self, **values):
        self.rows.append(values)
        print(json.dumps(values), flush=True)
        self.write()

    def note(self, text):
        self.notes.append(text)
        print(text, flush=True)
        self.write()

    def write(self):
        (self.folder / "results.json").write_text(json.dumps({"head": self.head, "rows": self.rows, "notes": self.notes}))
        (self.folder / "results.md").write_text(self.markdown())

    def markdown(self):
        lines = [
            f"{self.head['gpu']}, driver {self.head['driver']}, PyTorch {self.head['torch']}, ONNX Runtime 1.29.0 (CUDA 13), fp16, random weights.",
            f"Peak: {self.head['peak']:.0f} TFLOP/s, measured with products of 8192 x 8192 x 8192. Pictures per second: {STEPS} steps"
            " with guidance, two rows each, U-Net alone.",
            "",
            "| network | engine | rows | ms | pictures/s | of peak | rows/s over one row |",
            "|---|---|---|---|---|---|---|",
        ]
        ones = {(r["network"], r["engine"]): r["ms"] for r in self.rows if r["batch"] == 1 and r["ms"]}
        for r in self.rows:
            if r["ms"] is None:
                lines.append(f"| {r['network']} | {r['engine']} | {r['batch']} | {r['failed']} | | | |")
                continue
            pictures = r["batch"] / (2 * STEPS * r["ms"] / 1000)
            share = r["batch"] * r["tflop"] / (r["ms"] / 1000) / self.head["peak"]
            one = ones.get((r["network"], r["engine"]))
            gain = f"{r['batch'] * one / r['ms']:.2f}" if one else ""
            lines.append(
                f"| {r['network']} | {r['engine']} | {r['batch']} | {r['ms']:.2f} | {pictures:.2f} | {share:.0%} | {gain} |"
            )
        return "\n".join(lines + [""] + [f"* {note}" for note in self.notes]) + "\n"


def head(device):
    if device == "cpu":
        return {"gpu": "CPU, a trial", "driver": "none", "torch": torch.__version__, "peak": 0.1}
    a, b = (torch.randn(8192, 8192, device=device, dtype=torch.float16) for _ in range(2))
    ms = timed(lambda: a @ b, device, 1)[0]
    driver = subprocess.run(
        ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"], capture_output=True, text=True
    ).stdout.split()
    return {
        "gpu": torch.cuda.get_device_name(device),
        "driver": driver[0] if driver else "unknown",
        "torch": torch.__version__,
        "peak": 2 * 8192**3 / (ms / 1000) / 1e12,
    }


def timed(call, device, seconds):
    """Median milliseconds of a call, and its last result."""
    for _ in range(2):
        result = call()
    times, end = [], time.monotonic() + seconds
    while len(times) < 3 or (time.monotonic() < end and len(times) < 1000):
        if device != "cpu":
            torch.cuda.synchronize()
        start = time.perf_counter()
        result = call()
        if device != "cpu":
            torch.cuda.synchronize()
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times), result


def write_case(folder, values):
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in values.items():
        shape = "x".join(map(str, value.shape))
        (folder / f"{name}.{shape}.f32").write_bytes(value.float().contiguous().numpy().tobytes())


def psnr(a, b):
    """In dB, with the range of b as the peak."""
    error = torch.mean((a.double() - b.double()) ** 2).item()
    span = (b.max() - b.min()).item()
    return math.inf if error == 0 else 10 * math.log10(span * span / error)


def session(folder, graph, cases, device, seconds, limit="none", layout="nhwc", onlooker=None):
    """What UNetBench prints, line by line; and the most memory that the GPU had in use meanwhile, in MiB."""
    java = folder / "java/jre/bin/java"
    command = [
        str(java if java.exists() else "java"),
        "-Xmx8g",
        f"-Donnxruntime.native.path={folder / 'ort'}",
        "-cp",
        f"{folder / 'java/classes'}{os.pathsep}{folder / 'java/jars'}/*",
        "UNetBench",
        device,
        str(graph),
        str(cases),
        str(seconds),
        limit,
        layout,
    ]
    environment = dict(os.environ, ORT_DISABLE_TELEMETRY="1")
    with open(folder / "session.err", "a") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment)
        used = 0
        for line in process.stdout:
            if device != "cpu":
                free, total = torch.cuda.mem_get_info()
                used = max(used, (total - free) >> 20)
            yield line.split(), used
        if process.wait() != 0:
            yield ["failed", f"java ended with {process.returncode}: see session.err"], used


def measure_session(report, folder, network, engine, graph, cases, expected, options):
    device, seconds = options.device, options.seconds
    layout = "nchw" if "NCHW" in engine else "nhwc"
    limit = str(options.limit << 20) if "limit" in engine else "none"
    before = 0 if device == "cpu" else (torch.cuda.mem_get_info()[1] - torch.cuda.mem_get_info()[0]) >> 20
    for words, used in session(folder, graph, cases, device, seconds, limit, layout):
        if words[0] == "class":
            continue
        if words[0] != "case":
            report.note(f"{network.name}, {engine}: {' '.join(words)}")
            continue
        batch = int(words[1])
        common = dict(network=network.name, engine=engine, batch=batch, tflop=network.tflop, used_mib=used - before)
        if words[2] == "oom" or words[2].startswith("failed"):
            report.row(ms=None, failed=" ".join(words[2:]), **common)
            continue
        row = dict(ms=float(words[2]), runs=int(words[3]))
        out = next((cases / f"{batch:03}").glob("*.out"))
        if batch in expected:
            got = torch.frombuffer(bytearray(out.read_bytes()), dtype=torch.float32).reshape(expected[batch].shape)
            row["psnr_to_pytorch"] = round(psnr(got, expected[batch]), 1)
        report.row(**row, **common)


def measure_torch(report, network, engine, module, options, batches):
    outputs = {}
    for batch in batches:
        values = [value.to(options.device, options.dtype) for value in network.inputs(batch, options.side).values()]
        try:
            with torch.inference_mode():
                ms, result = timed(lambda: module(*values), options.device, options.seconds)
            outputs[batch] = result.float().cpu()
            report.row(network=network.name, engine=engine, batch=batch, tflop=network.tflop, ms=ms)
        except torch.OutOfMemoryError:
            report.row(network=network.name, engine=engine, batch=batch, tflop=network.tflop, ms=None, failed="oom")
    return outputs


def measure(report, network, folder, options):
    started = time.monotonic()
    graphs = folder / "graphs"
    module = network.make(options.dtype, options.device)
    cases = folder / f"cases-{network.name}"
    shutil.rmtree(cases, ignore_errors=True)
    batches = [b for b in options.batches if network.name != "sdxl" or b <= 8]
    for batch in batches:
        write_case(cases / f"{batch:03}", network.inputs(batch, options.side))
    expected = measure_torch(report, network, "PyTorch", module, options, batches)
    if options.compile:
        compiled = torch.compile(module, mode="default", dynamic=False)
        measure_torch(report, network, "torch.compile", compiled, options, [b for b in batches if b in options.compile])
        torch._dynamo.reset()
    variants = [f"{network.name}-fused", network.name]
    if not (graphs / f"{variants[0]}.onnx").exists():
        arguments = ["--tiny"] * options.tiny + [network.name, str(graphs)]
        subprocess.run([sys.executable, str(HERE / "export.py"), *arguments], check=True)
    for variant in variants:
        fill(graphs / f"{variant}.onnx", module)
    del module
    if options.device != "cpu":
        torch.cuda.empty_cache()
    for variant in variants:
        names = ["Latentline, fused", "Latentline, fused, NCHW", "Latentline, fused, limit"]
        for engine in names if variant.endswith("-fused") else ["Latentline, not fused"]:
            if engine not in options.engines:
                continue
            measure_session(report, folder, network, engine, graphs / f"{variant}.onnx", cases, expected, options)
        (graphs / f"{variant}.onnx.data").unlink()
    report.note(f"{network.name}: {time.monotonic() - started:.0f} s in all")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--tiny", action="store_true")
    parser.add_argument("--device", default="cuda:0")
    parser.add_argument("--networks", default="sd15,sdxl")
    parser.add_argument("--batches", default="1,2,4,8,16")
    parser.add_argument("--compile", default="1,8", help="batches that torch.compile is measured with; each takes a minute")
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--limit", type=int, default=6144, help="MiB of GPU memory for the engine with a limit")
    parser.add_argument(
        "--engines", default="Latentline, fused;Latentline, not fused;Latentline, fused, NCHW;Latentline, fused, limit"
    )
    options = parser.parse_args()
    options.batches = [int(b) for b in options.batches.split(",")]
    options.compile = [int(b) for b in options.compile.split(",") if b]
    options.engines = options.engines.split(";")
    options.dtype = torch.float16
    options.side = 16 if options.tiny else None
    report = Report(options.folder, head(options.device))
    report.head["machine"] = platform.platform()
    for name in options.networks.split(","):
        measure(report, networks(options.tiny)[name], options.folder, options)
    print((options.folder / "results.md").read_text())


if __name__ == "__main__":
    sys.path.insert(0, str(HERE))
    main()
