"""The parts of gpu.sh: the program's steps, PyTorch's steps, and full runs of the document's table.

Each part has its share of the time. A measurement that fails is a line of the results, and the next one
goes on. Standard library alone, but for asking torch about the GPU.
"""

import argparse
import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
REPOSITORY = HERE.parent

MODELS = ["v1_n3", "v1_n9", "v1_n18", "v2_n6", "v2_n12"]
# The rows that can be trained, with the accuracy of the document, in the order that fits most.
ROWS = {
    "v1_n3": "92.16",
    "v1_n5": "92.46",
    "v1_n7": "92.50",
    "v2_n2": "-",
    "v1_n9": "92.71",
    "v2_n6": "93.01",
    "v1_n18": "92.65",
    "v2_n12": "93.15",
}
# Parts of the whole time at which the steps of the program and those of PyTorch end at the latest.
PROGRAM_ENDS, PYTORCH_ENDS = 0.27, 0.55
# Seconds that one measurement of the program may take.
LONGEST_MEASUREMENT = 60
# The time that a run needs beside its epochs, and to stop with a checkpoint.
START_SECONDS, STOP_SECONDS = 6, 10


def main():
    options = arguments()
    options.output.mkdir(parents=True, exist_ok=True)
    report = Report(options)
    parts = {
        "program": (measure_program, PROGRAM_ENDS),
        "pytorch": (measure_pytorch, PYTORCH_ENDS),
        "training": (train_rows, 1),
    }
    for name in options.parts:
        part, ends = parts[name]
        if name == options.parts[-1]:
            ends = 1
        try:
            part(options, report, options.begun + ends * 60 * options.minutes)
        except Exception as error:  # The other parts go on.
            report.add({"part": name, "failed": f"{type(error).__name__}: {error}"})
    print(report.table(), end="")


def arguments():
    trial = os.environ.get("RESNET_BENCH_DEVICE") == "cpu"
    parser = argparse.ArgumentParser(description="Measures this program and PyTorch on a GPU.")
    add = parser.add_argument
    add("--device", default=os.environ.get("RESNET_BENCH_DEVICE", "cuda"))
    add("--minutes", type=float, default=8.5, help="the time for everything")
    add("--steps", type=int, default=2 if trial else 100, help="timed steps")
    add("--models", nargs="+", default=["v1_n3"] if trial else MODELS)
    add("--batch-sizes", nargs="+", type=int, default=[32, 128])
    precisions = ["fp32"] if trial else ["fp32", "bf16", "tf32"]
    add("--precisions", nargs="+", default=precisions, help="the program has no tf32")
    parts = ["program", "pytorch", "training"]
    add("--parts", nargs="+", default=parts, choices=parts, help="the last one has all time left")
    add("--epochs", type=int, default=2 if trial else 200)
    add("--test-images", type=int, default=1_000 if trial else 10_000, help="PyTorch's evaluation")
    add("--synthetic-images", type=int, default=640 if trial else 50_000, help="without a data folder")
    add("--program", type=pathlib.Path, default=os.environ.get("RESNET_TUI"))
    add("--data", type=pathlib.Path, default=os.environ.get("RESNET_DATA"))
    add("--output", type=pathlib.Path, default=os.environ.get("RESNET_BENCH_OUTPUT"))
    options = parser.parse_args()
    options.program = options.program or REPOSITORY / "target" / "release" / "resnet-tui"
    options.output = options.output or REPOSITORY / "target" / "gpu"
    options.begun = float(os.environ.get("RESNET_BENCH_STARTED", time.time()))
    return options


# --- the parts


def measure_program(options, report, deadline):
    """The program's own benchmark, a process for each work."""
    for model, batch_size, precision in works(options):
        if precision == "tf32":
            continue
        work = f"{model}:{batch_size}:{precision}:program"
        family, blocks = model.split("_n")
        command = [str(options.program), "bench", "--json", "--arch", family, "--n", blocks]
        command += ["--batch-size", str(batch_size), "--precision", precision]
        command += ["--steps", str(options.steps), "--device", options.device]
        left = deadline - time.time()
        if left <= 0:
            report.add({"work": work, "failed": "no time left"})
            continue
        limit = min(left, LONGEST_MEASUREMENT)
        try:
            answer = subprocess.run(command, capture_output=True, text=True, timeout=limit, check=False)
            if answer.returncode != 0:
                raise RuntimeError(last_line(answer.stderr) or f"status {answer.returncode}")
            result = json.loads(answer.stdout.splitlines()[-1])
            names = {"model": model, "batch_size": batch_size, "precision": precision}
            report.add({**result, **names, "work": work, "peer": "program"})
        except subprocess.TimeoutExpired:
            report.add({"work": work, "failed": f"not done after {limit:.0f} s"})
        except (OSError, RuntimeError, ValueError, IndexError) as error:
            report.add({"work": work, "failed": str(error)})


def measure_pytorch(options, report, deadline):
    """PyTorch's works in one process, begun anew behind a work that ended it."""
    left = [
        f"{model}:{batch_size}:{precision}:{kind}"
        for model, batch_size, precision in works(options)
        for kind in ["eager", "graph"]
    ]
    while left:
        command = [sys.executable, str(HERE / "pytorch_cuda.py"), "--device", options.device]
        command += ["--steps", str(options.steps), "--test-images", str(options.test_images), *left]
        done = []

        def hear(line):
            result = json.loads(line)
            report.add(result)
            done.append(result["work"])

        errors = follow(command, deadline, signal.SIGKILL, hear, options.output / "pytorch.log")
        left = [work for work in left if work not in done]
        if time.time() >= deadline:
            for work in left:
                report.add({"work": work, "failed": "no time left"})
            return
        if left:
            report.add({"work": left.pop(0), "failed": errors or "the process ended"})


def train_rows(options, report, deadline):
    """Full runs while they fit; ResNet20 v1 in any case, as far as it comes."""
    for row in ROWS:
        first = row == "v1_n3"
        precision, estimate = choose_precision(row, options, report, deadline)
        if not first and (estimate is None or time.time() + estimate + START_SECONDS > deadline):
            took = "an unknown time" if estimate is None else f"about {estimate:.0f} s"
            report.add({"row": row, "failed": f"did not fit: it takes {took}"})
            continue
        train(row, precision, options, report, deadline)


def train(row, precision, options, report, deadline):
    """One run of the document's recipe."""
    family, blocks = row.split("_n")
    command = [str(options.program), "train", "--json", "--arch", family, "--n", blocks]
    command += ["--epochs", str(options.epochs), "--device", options.device, "--precision", precision]
    command += ["--runs-dir", str(options.output / "runs")]
    if options.data:
        command += ["--data-dir", str(options.data)]
    else:
        command += ["--synthetic", "--synthetic-train-images", str(options.synthetic_images)]
        command += ["--synthetic-test-images", str(max(100, options.synthetic_images // 5))]
    epochs, begun = [], time.time()

    def hear(line):
        event = json.loads(line)
        if event.get("event") == "epoch":
            epochs.append(event)
        if event.get("event") == "failed":
            raise RuntimeError(event["error"])

    result = {"row": row, "precision": precision}
    errors = ""
    try:
        log = options.output / f"{row}.log"
        # The signal stops the run with a checkpoint.
        errors = follow(command, deadline - STOP_SECONDS, signal.SIGINT, hear, log)
    except RuntimeError as error:
        result["failed"] = str(error)
    if not epochs:
        report.add({"failed": errors or "no epoch was trained in the time", **result})
        return
    middle = sorted(epoch["train_seconds"] for epoch in epochs)[len(epochs) // 2]
    result.update(
        epochs=len(epochs),
        complete=len(epochs) == options.epochs,
        best=max(epoch["test_accuracy"] for epoch in epochs),
        last=epochs[-1]["test_accuracy"],
        epoch_seconds=middle,
        seconds=time.time() - begun,
        images="from files" if options.data else "generated",
    )
    report.add(result)


# --- how long a run takes


def choose_precision(row, options, report, deadline):
    """fp32, which is the reference; bf16 where only that fits. With the seconds that the run takes."""
    estimates = {name: estimate_seconds(row, name, options, report) for name in ("fp32", "bf16")}
    room = deadline - time.time() - START_SECONDS
    fp32, bf16 = estimates["fp32"], estimates["bf16"]
    if fp32 and bf16 and fp32 > room >= bf16:
        return "bf16", bf16
    return "fp32", fp32


def estimate_seconds(row, precision, options, report):
    """From a run of this row's kind, else from its measured steps, else by the layers of another's."""
    known = {}
    for result in report.results:
        if "failed" in result or result.get("precision") != precision:
            continue
        if result.get("peer") == "program" and result["batch_size"] == 32:
            evaluation = result["evaluation_seconds"]["median"]
            known.setdefault(result["model"], result["epoch_seconds"] + evaluation)
        if "row" in result:
            known[result["row"]] = result["seconds"] / result["epochs"]
    if row in known:
        return known[row] * options.epochs
    family = row.split("_n")[0]
    others = {name: time for name, time in known.items() if name.startswith(family)}
    if not others:
        return None
    # Small steps cost by the number of their operations, which is that of the layers.
    name, seconds = min(others.items(), key=lambda item: abs(layers(item[0]) - layers(row)))
    return seconds * layers(row) / layers(name) * options.epochs


def layers(model):
    family, blocks = model.split("_n")
    return (6 if family == "v1" else 9) * int(blocks) + 2


# --- helpers


def works(options):
    """What is measured, the most important first."""
    for model in options.models:
        for batch_size in options.batch_sizes:
            for precision in options.precisions:
                yield model, batch_size, precision


def follow(command, deadline, signal_at_the_end, hear, log):
    """Runs a command, hands over its lines of JSON as they come, signals it at the deadline and kills it
    a little later. The last line of its errors."""
    with open(log, "a", encoding="utf-8") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
        timers = [
            threading.Timer(max(0, deadline - time.time()), process.send_signal, [signal_at_the_end]),
            threading.Timer(max(0, deadline - time.time()) + STOP_SECONDS - 1, process.kill),
        ]
        for timer in timers:
            timer.daemon = True
            timer.start()
        try:
            for line in process.stdout:
                if line.startswith("{"):
                    hear(line)
        finally:
            for timer in timers:
                timer.cancel()
            if process.poll() is None and sys.exc_info()[0] is not None:
                process.kill()
            process.wait()
    return last_line(log.read_text(encoding="utf-8", errors="replace"))


def last_line(text):
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1][:300] if lines else ""


def about(options):
    """The machine and the versions."""
    question = (
        "import torch, json; gpu = torch.cuda.is_available();"
        "print(json.dumps({'torch': torch.__version__, 'cuda': torch.version.cuda,"
        "'cudnn': torch.backends.cudnn.version(),"
        "'gpu': torch.cuda.get_device_name(0) if gpu else 'none'}))"
    )
    answer = subprocess.run([sys.executable, "-c", question], capture_output=True, text=True, check=False)
    found = json.loads(answer.stdout) if answer.returncode == 0 else {"torch": last_line(answer.stderr)}
    version = [str(options.program), "--version"]
    try:
        answer = subprocess.run(version, capture_output=True, text=True, check=False)
        found["program"] = answer.stdout.strip() or last_line(answer.stderr)
    except OSError as error:
        found["program"] = str(error)
    found["driver"] = driver_version()
    found["date"] = time.strftime("%Y-%m-%d %H:%M")
    found["device"] = options.device
    found["images"] = "from files" if options.data else "generated"
    return found


def driver_version():
    try:
        text = pathlib.Path("/proc/driver/nvidia/version").read_text(encoding="utf-8")
        return text.splitlines()[0].split("  ")[1].strip()
    except (OSError, IndexError):
        return ""


class Report:
    """What is known so far, on the disk at once."""

    def __init__(self, options):
        self.about = about(options)
        self.results = []
        self.output = options.output
        self.file = open(options.output / "results.jsonl", "a", encoding="utf-8")
        self.write(self.about)

    def write(self, result):
        self.file.write(json.dumps(result) + "\n")
        self.file.flush()

    def add(self, result):
        self.results.append(result)
        self.write(result)
        print(summary(result), file=sys.stderr, flush=True)
        (self.output / "table.md").write_text(self.table(), encoding="utf-8")

    def table(self):
        """Markdown: the steps, the runs, what failed."""
        text = ", ".join(f"{name} {value}" for name, value in self.about.items() if value) + "\n"
        text += self.table_of_steps() + self.table_of_runs()
        failures = {}
        for result in self.results:
            if "failed" in result:
                failures.setdefault(result["failed"], []).append(name_of(result))
        if failures:
            text += "\nNot measured:\n\n"
        for reason, names in failures.items():
            text += f"- {reason}: {', '.join(names)}\n"
        return text

    def table_of_steps(self):
        measured = {result.get("work"): result for result in self.results if "failed" not in result}
        works = dict.fromkeys(tuple(work.split(":")[:3]) for work in measured if work)
        if not works:
            return ""
        text = (
            "\n| model | batch | precision | this program, s/epoch | PyTorch eager | times as long "
            "| PyTorch, CUDA graph | times as long | evaluation, s: ours / eager | peak MB: ours / eager |\n"
            "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n"
        )
        for work in works:
            own, eager, graph = (
                measured.get(":".join([*work, kind]), {}) for kind in ("program", "eager", "graph")
            )
            cells = [*work, epoch(own), epoch(eager), ratio(eager, own), epoch(graph), ratio(graph, own)]
            cells.append(f"{evaluation(own)} / {evaluation(eager)}")
            cells.append(f"{megabytes(own)} / {megabytes(eager)}")
            text += "| " + " | ".join(cells) + " |\n"
        return text

    def table_of_runs(self):
        runs = [r for r in self.results if "row" in r and "epochs" in r]
        if not runs:
            return ""
        text = (
            "\n| run | precision | epochs | best % | last % | document % | s/epoch | whole run, s | images |\n"
            "| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n"
        )
        for run in runs:
            epochs = f"{run['epochs']}" + ("" if run["complete"] else " (stopped)")
            text += (
                f"| {run['row']} | {run['precision']} | {epochs} | {100 * run['best']:.2f} "
                f"| {100 * run['last']:.2f} | {ROWS[run['row']]} | {run['epoch_seconds']:.3f} "
                f"| {run['seconds']:.0f} | {run['images']} |\n"
            )
        return text


def epoch(result):
    return f"{result['epoch_seconds']:.3f}" if result else ""


def ratio(result, base):
    return f"{result['epoch_seconds'] / base['epoch_seconds']:.2f}" if result and base else ""


def evaluation(result):
    if not result:
        return ""
    scale = 10_000 / result.get("evaluated_images", 10_000)
    return f"{result['evaluation_seconds']['median'] * scale:.3f}"


def megabytes(result):
    peak = result.get("peak_memory_bytes")
    return f"{peak / 1e6:.0f}" if peak else ""


def name_of(result):
    return result.get("work") or result.get("row") or result.get("part")


def summary(result):
    if "failed" in result:
        return f"{name_of(result)}: {result['failed']}"
    return f"{name_of(result)}: {result['epoch_seconds']:.3f} s/epoch"


if __name__ == "__main__":
    main()
