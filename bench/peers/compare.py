"""Runs the programs in turn and prints a table: compare.py WORK [--steps 4] [--side 256] [--count 3] [--rounds 1] [--only NAMES]

Every program is a process that prints "picture" after each picture. Seconds count from its start, so that loading is in the
first picture; pictures per second are those after the first; peak memory is the process's largest resident set.
"""

import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]


def programs(work, steps, side, count, threads):
    """Name of a model -> name of a program -> its command and folder."""
    numbers = [str(n) for n in (steps, side, count)]
    classpath = (ROOT / "bench/target/classpath").read_text()
    java = ["java", "--enable-native-access=ALL-UNNAMED"]
    ours = [*java, "-Djava.util.logging.manager=org.jboss.logmanager.LogManager", "-Xmx1g", "-cp",
            f"{ROOT}/bench/target/classes:{classpath}", "dev.latentline.bench.Pictures"]
    python = [sys.executable]
    sd15 = {
        "Latentline": ([*ours, f"{work}/onnx", "sd15", *numbers, str(threads)], work),
        "diffusers, PyTorch": ([*python, f"{HERE}/with_diffusers.py", f"{work}/diffusers", *numbers, str(threads)], work),
        "stable-diffusion.cpp": ([*python, f"{HERE}/with_sdcpp.py", f"{work}/sd15.safetensors", *numbers, str(threads)], work),
    }
    if (work / "sd4j/libortextensions.so").exists():
        jars = f"{work}/sd4j/target/classes:{work}/sd4j/bench:{work}/sd4j/target/lib/*"
        sd15["sd4j"] = ([*java, "-Xmx1g", "-cp", jars, "WithSd4j", f"{work}/onnx/sd15", *numbers], work / "sd4j")
    # the starter is quick: more pictures
    more = [str(5 * steps), str(side), str(3 * count)]
    starter = {
        "Latentline": ([*ours, f"{ROOT}/models/target/catalogue", "starter", *more, str(threads)], work),
        "PyTorch": ([*python, f"{HERE}/with_pytorch.py", *more, str(threads)], work),
    }
    return {"sd15": sd15, "starter": starter}


def run(name, command, folder):
    """Seconds to the first picture, pictures per second after it, and peak memory in MB."""
    environment = os.environ | {"ORT_DISABLE_TELEMETRY": "1", "HF_HUB_OFFLINE": "1"}
    began, seen = time.monotonic(), []
    with open(folder / "errors.log", "ab") as errors:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=errors)
        for line in process.stdout:
            if line.strip() == b"picture":
                seen.append(time.monotonic() - began)
        _, status, usage = os.wait4(process.pid, 0)
    if status or len(seen) < 2:
        raise SystemExit(f"{name} failed, see {folder}/errors.log")
    return seen[0], (len(seen) - 1) / (seen[-1] - seen[0]), usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("work", type=pathlib.Path)
    for name, value in (("steps", 4), ("side", 256), ("count", 3), ("rounds", 1)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--only", default="", help="models and programs by the beginning of their names, separated by commas")
    arguments = parser.parse_args()
    work = arguments.work.resolve()
    wanted = [name for name in arguments.only.split(",") if name]
    for model, all_programs in programs(work, arguments.steps, arguments.side, arguments.count, arguments.threads).items():
        chosen = {n: p for n, p in all_programs.items() if not wanted or any(f"{model} {n}".startswith(w) for w in wanted)}
        if not chosen:
            continue
        results = {name: [] for name in chosen}
        # in turn, so that what else the machine does falls on all
        for _ in range(arguments.rounds):
            for name, (command, folder) in chosen.items():
                results[name].append(run(name, command, folder))
        steps = arguments.steps * (5 if model == "starter" else 1)
        print(f"\n{model}: {arguments.side} x {arguments.side}, {steps} steps with guidance, {arguments.threads} threads,"
              f" load average {os.getloadavg()[0]:.1f}")
        print(f"{'':22} {'s/picture':>10} {'of ours':>8} {'first_s':>8} {'peak_MB':>8}")
        first = None
        for name, runs in results.items():
            start, rate, memory = (statistics.median(values) for values in zip(*runs))
            first = first or rate
            print(f"{name:22} {1 / rate:10.2f} {first / rate:8.2f} {start:8.1f} {memory:8.0f}", flush=True)


if __name__ == "__main__":
    main()
