#!/usr/bin/env python3
"""Runs this program and its peers on the same work, in turn, and prints their ratios.

Each measurement is a process of its own. In every round each peer is measured once, in another order
each time, so that what disturbs the machine disturbs them all; a ratio is taken within a round.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
REPOSITORY = HERE.parent
PROGRAM = "resnet_tui"
PROGRAM_FP32 = "resnet_tui_fp32"

# Billions of multiplications that an image takes forward: longer steps, fewer of them.
COST = {
    "v1_n3": 0.041,
    "v1_n5": 0.069,
    "v1_n7": 0.097,
    "v1_n9": 0.126,
    "v1_n18": 0.253,
    "v2_n2": 0.066,
    "v2_n6": 0.194,
    "v2_n12": 0.386,
}
STEPS_OF_THE_SMALLEST = 60
FEWEST_STEPS = 8
TEST_IMAGES = 10_000

# Without its dependencies tf_keras does not bring a second TensorFlow.
ENVIRONMENTS = {
    "keras": [["tensorflow-cpu==2.21.0", "scipy==1.17.1"], ["--no-deps", "tf_keras==2.21.0"]],
    "torch": [["torch==2.11.0", "setuptools"]],
}

TITLES = {
    PROGRAM: "this program",
    PROGRAM_FP32: "this program, fp32",
    "keras": "Keras's script, oneDNN on",
    "keras_default": "Keras's script, TensorFlow's default",
    "eager": "PyTorch eager, defaults",
    "eager_channels_last": "PyTorch eager, channels last",
    "tuned_fp32": "PyTorch tuned, fp32",
    "tuned_bf16": "PyTorch tuned, bf16",
    "compiled_fp32": "PyTorch tuned, step compiled, fp32",
    "compiled_bf16": "PyTorch tuned, step compiled, bf16",
    "tch_nn": "tch's nn and nn::Adam",
}


def main():
    options = arguments()
    if options.table:
        print(table(read_results(options.table)), end="")
        return
    peers = options.peers or default_peers()
    prepared = {peer: prepare(peer, options) for peer in peers}
    if options.prepare:
        return
    options.output.mkdir(parents=True, exist_ok=True)
    results = options.output / "results.jsonl"
    with open(results, "a", encoding="utf-8") as file:
        write(file, machine(options))
        for round_number in range(1, options.rounds + 1):
            for model in options.models:
                for batch_size in options.batch_sizes:
                    for peer in turned(peers, round_number - 1):
                        measured = measure(prepared[peer], peer, model, batch_size, options)
                        write(file, dict(measured, round=round_number))
    text = table(read_results(results))
    (options.output / "table.md").write_text(text, encoding="utf-8")
    print(text, end="")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--models", nargs="+", default=["v1_n3", "v2_n6"], choices=COST)
    parser.add_argument("--batch-sizes", nargs="+", type=int, default=[32, 128])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peers", nargs="+", choices=TITLES, help="default: what fits the machine")
    parser.add_argument("--steps", type=int, help="timed steps; default: by the model's cost")
    parser.add_argument("--test-images", type=int, help="images that the peers evaluate")
    parser.add_argument("--time-limit", type=float, default=600, help="seconds a measurement may take")
    parser.add_argument("--program", type=pathlib.Path, help="a built resnet-tui")
    parser.add_argument("--output", type=pathlib.Path, default=REPOSITORY / "target" / "compare")
    parser.add_argument("--prepare", action="store_true", help="build and install, measure nothing")
    parser.add_argument("--table", type=pathlib.Path, help="print the table of these results again")
    return parser.parse_args()


def default_peers():
    """Every peer; bf16 only where the processor multiplies it itself."""
    left_out = {"keras_default"}
    if not native_bf16():
        left_out |= {PROGRAM_FP32, "tuned_bf16", "compiled_bf16"}
    return [peer for peer in TITLES if peer not in left_out]


def turned(peers, by):
    """The peers, begun at another one."""
    by %= len(peers)
    return peers[by:] + peers[:by]


# --- what is measured


def prepare(peer, options):
    """Installs and builds what a peer needs; the beginning of its command and its environment."""
    if peer in (PROGRAM, PROGRAM_FP32):
        return [str(program(options))], {}
    if peer.startswith("keras"):
        # TensorFlow itself turns oneDNN on where a processor has instructions for neural networks.
        one_dnn = "1" if peer == "keras" else None
        environment = {"TF_ENABLE_ONEDNN_OPTS": one_dnn} if one_dnn else {}
        return [python("keras"), str(HERE / "keras_recipe.py")], environment
    if peer == "tch_nn":
        return [str(tch_nn())], {"LD_LIBRARY_PATH": str(libtorch() / "lib")}
    # What torch.compile made is kept, so that only the first round waits for the compiler.
    environment = {"TORCHINDUCTOR_CACHE_DIR": str(cache_folder() / "bench-inductor")}
    script, flags = {
        "eager": ("pytorch_eager.py", []),
        "eager_channels_last": ("pytorch_eager.py", ["--channels-last"]),
        "tuned_fp32": ("pytorch_tuned.py", ["--precision", "fp32"]),
        "tuned_bf16": ("pytorch_tuned.py", ["--precision", "bf16"]),
        "compiled_fp32": ("pytorch_tuned.py", ["--precision", "fp32", "--compile", "step"]),
        "compiled_bf16": ("pytorch_tuned.py", ["--precision", "bf16", "--compile", "step"]),
    }[peer]
    return [python("torch"), str(HERE / script), *flags], environment


def program(options):
    """The binary that is measured; built where none was named."""
    if options.program:
        return options.program.resolve()
    run(["cargo", "build", "--release", "--locked"], REPOSITORY)
    return target_folder() / "release" / "resnet-tui"


def tch_nn():
    """The binary of the peer in Rust."""
    folder = target_folder() / "tch-nn"
    run(
        ["cargo", "build", "--release", "--locked", "--target-dir", str(folder)]
        + ["--manifest-path", str(HERE / "tch_nn" / "Cargo.toml")],
        REPOSITORY,
    )
    return folder / "release" / "tch-nn"


def target_folder():
    return pathlib.Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target")).resolve()


def libtorch():
    return pathlib.Path(os.environ.get("LIBTORCH", REPOSITORY / "libtorch")).resolve()


def python(name):
    """The interpreter of a peer's own virtual environment, made where it is missing."""
    folder = cache_folder() / f"bench-{name}"
    wanted = json.dumps(ENVIRONMENTS[name])
    complete = folder / "complete"
    interpreter = folder / "bin" / "python"
    if not complete.is_file() or complete.read_text(encoding="utf-8") != wanted:
        say(f"installing {name} into {folder} (once per user)")
        shutil.rmtree(folder, ignore_errors=True)
        run([sys.executable, "-m", "venv", str(folder)], REPOSITORY)
        for requirements in ENVIRONMENTS[name]:
            run([str(interpreter), "-m", "pip", "install", "--quiet", *requirements], REPOSITORY)
        complete.write_text(wanted, encoding="utf-8")
    return str(interpreter)


def cache_folder():
    """Where scripts/fetch_libtorch.py keeps libtorch, too."""
    named = pathlib.Path(os.environ.get("XDG_CACHE_HOME", ""))
    if named.is_absolute():
        return named / "resnet-tui"
    if sys.platform == "darwin":
        return pathlib.Path.home() / "Library" / "Caches" / "resnet-tui"
    return pathlib.Path.home() / ".cache" / "resnet-tui"


def run(command, folder):
    """Runs what must succeed; its output goes to standard error."""
    subprocess.run(command, cwd=folder, stdout=sys.stderr, check=True)


# --- measuring


def steps_of(model, batch_size, options):
    """About as much work for every model and batch."""
    if options.steps:
        return options.steps
    relative = COST["v1_n3"] / COST[model] * 32 / batch_size
    return max(FEWEST_STEPS, round(STEPS_OF_THE_SMALLEST * relative))


def test_images_of(model, options):
    """Large models evaluate a part, in proportion: the time is linear in the images."""
    if options.test_images:
        return options.test_images
    return TEST_IMAGES if COST[model] <= COST["v2_n2"] else TEST_IMAGES // 4


def measure(prepared, peer, model, batch_size, options):
    """One measurement; a failure is a result too."""
    command, environment = prepared
    steps = steps_of(model, batch_size, options)
    family, blocks = model.split("_n")
    if peer in (PROGRAM, PROGRAM_FP32):
        precision = "fp32" if peer == PROGRAM_FP32 else "auto"
        work = ["bench", "--json", "--arch", family, "--n", blocks, "--steps", str(steps)]
        work += ["--batch-size", str(batch_size), "--device", "cpu", "--precision", precision]
        work += ["--test-images", str(test_images_of(model, options))]
    else:
        work = ["--model", model, "--batch-size", str(batch_size), "--steps", str(steps)]
        work += ["--test-images", str(test_images_of(model, options))]
    say(f"{model}, batch {batch_size}: {TITLES[peer]}")
    result = {"peer": peer, "model": model, "batch_size": batch_size, "load": load()}
    result["begun"] = datetime.datetime.now().isoformat(timespec="seconds")
    try:
        answer = subprocess.run(
            command + work,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            timeout=options.time_limit,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return dict(result, failed=f"took longer than {options.time_limit:.0f} s")
    lines = [line for line in answer.stdout.splitlines() if line.startswith("{")]
    if answer.returncode != 0 or not lines:
        end = answer.stderr.strip().splitlines()[-3:]
        say("failed: " + " ".join(end))
        return dict(result, failed=" ".join(end) or f"exit status {answer.returncode}")
    return {**json.loads(lines[-1]), **result}


def machine(options):
    """What the figures hold for."""
    flags = cpu_flags()
    interesting = ["avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16"]
    return {
        "machine": cpu_model(),
        "cores": os.cpu_count(),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "flags": [flag for flag in interesting if flag in flags],
        "native_bf16": native_bf16(),
        "system": f"{platform.system()} {platform.release()}",
        "date": datetime.date.today().isoformat(),
        "program": answer_of([str(program(options)), "--version"]),
        "commit": commit(options),
        "command": "python3 bench/compare.py " + " ".join(sys.argv[1:]),
    }


def commit(options):
    """What the program was built from; unknown where a built one was named."""
    if options.program:
        return ""
    return answer_of(["git", "-C", str(REPOSITORY), "rev-parse", "--short", "HEAD"])


def cpu_flags():
    return set(cpu_line("flags").split())


def cpu_model():
    return cpu_line("model name") or platform.processor() or platform.machine()


def cpu_line(name):
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as text:
            lines = (line.split(":", 1) for line in text if ":" in line)
            return next((value.strip() for key, value in lines if key.strip() == name), "")
    except OSError:
        return ""


def native_bf16():
    """Whether the processor multiplies bf16 itself."""
    return bool(cpu_flags() & {"avx512_bf16", "amx_bf16"})


def load():
    """Processes that wanted a core in the last minute, those measured here among them."""
    try:
        return os.getloadavg()[0]
    except OSError:
        return None


def answer_of(command):
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    return answer.stdout.strip() if answer.returncode == 0 else ""


def write(file, result):
    file.write(json.dumps(result) + "\n")
    file.flush()


def say(text):
    now = datetime.datetime.now().strftime("%H:%M:%S")
    print(f"{now} {text}", file=sys.stderr, flush=True)


# --- the table


def read_results(path):
    """The results after the last line about a machine: earlier ones are another comparison's."""
    with open(path, encoding="utf-8") as file:
        lines = [json.loads(line) for line in file if line.strip()]
    last = max(index for index, line in enumerate(lines) if "machine" in line)
    return lines[last:]


def table(lines):
    """Markdown: the machine, then a table for each model and batch size."""
    about, results = lines[0], lines[1:]
    versions = {}
    for result in results:
        versions.update(result.get("versions", {}))
        if "libtorch" in result:
            versions["libtorch"] = result["libtorch"]
    named = ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))
    text = (
        f"Machine: {about['machine']}, {about['cores']} cores, "
        f"{about['memory_bytes'] / 2**30:.0f} GiB, {about['system']}; "
        f"{' '.join(about['flags']) or 'no vector flags known'}; "
        f"bf16 {'native' if about['native_bf16'] else 'not native'}; "
        f"{about['program']}{' at ' * bool(about['commit'])}{about['commit']}; {named}; "
        f"{about['date']}\n\n"
        f"`{about['command'].strip()}`\n"
    )
    works = dict.fromkeys((result["model"], result["batch_size"]) for result in results)
    for model, batch_size in works:
        of_work = [r for r in results if (r["model"], r["batch_size"]) == (model, batch_size)]
        text += "\n" + table_of_work(model, batch_size, of_work)
    return text


def table_of_work(model, batch_size, results):
    rounds = len({result["round"] for result in results})
    text = (
        f"### {depth_name(model)}, batch {batch_size}, medians of {rounds} rounds (quartiles)\n\n"
        "| | ms a step | times as long | s/epoch | evaluation, s | times as long | peak MB "
        "| start to first step, s |\n"
        "| --- | --- | --- | --- | --- | --- | --- | --- |\n"
    )
    peers = [peer for peer in TITLES if any(result["peer"] == peer for result in results)]
    for peer in peers:
        own = {r["round"]: r for r in results if r["peer"] == peer and "failed" not in r}
        failures = [r["failed"] for r in results if r["peer"] == peer and "failed" in r]
        if not own:
            text += f"| {TITLES[peer]} | failed: {failures[0][:200]} | | | | | | |\n"
            continue
        base = {r["round"]: r for r in results if r["peer"] == PROGRAM and "failed" not in r}
        steps = {key: result["step_milliseconds"]["median"] for key, result in own.items()}
        base_steps = {key: result["step_milliseconds"]["median"] for key, result in base.items()}
        evaluations = {key: evaluation_seconds(result) for key, result in own.items()}
        base_evaluations = {key: evaluation_seconds(result) for key, result in base.items()}
        epochs = statistics.median(steps.values()) / batch_size * 50
        cells = [
            TITLES[peer] + (f" ({len(failures)} failed)" if failures else ""),
            with_quartiles(steps.values(), 1),
            ratios(steps, base_steps),
            f"{epochs:.1f}",
            with_quartiles(evaluations.values(), 2),
            ratios(evaluations, base_evaluations),
            median_of(own, lambda result: result["peak_memory_bytes"], 1e-6, 0),
            median_of(own, lambda result: result.get("first_step_seconds"), 1, 1),
        ]
        text += "| " + " | ".join(cells) + " |\n"
    return text


def depth_name(model):
    family, blocks = model.split("_n")
    depth = (6 if family == "v1" else 9) * int(blocks) + 2
    return f"ResNet{depth} {family}"


def evaluation_seconds(result):
    """Scaled to all test images where a peer evaluated a part."""
    seconds = result.get("evaluation_seconds") or {}
    scale = TEST_IMAGES / result.get("evaluated_images", TEST_IMAGES)
    return seconds.get("median", float("nan")) * scale


def ratios(values, base):
    """Median and quartiles of the ratios within each round."""
    return with_quartiles([values[key] / base[key] for key in values if key in base], 2)


def median_of(results, part, scale, digits):
    values = [part(result) for result in results.values()]
    known = [value * scale for value in values if value is not None]
    return f"{statistics.median(known):.{digits}f}" if known else ""


def with_quartiles(values, digits):
    values = sorted(values)
    if not values:
        return ""
    median = statistics.median(values)
    if len(values) < 3:
        return f"{median:.{digits}f}"
    first, _, third = statistics.quantiles(values, n=4, method="inclusive")
    return f"{median:.{digits}f} ({first:.{digits}f} to {third:.{digits}f})"


if __name__ == "__main__":
    main()
