"""What the Python peers share: arguments, images, the clock and the result, one line of JSON."""

import argparse
import json
import os
import random
import statistics
import time

EPOCH_IMAGES = 50_000
TEST_IMAGES = 10_000
CLASSES = 10

# Total and trainable parameters, as Keras's model.summary() counts them.
PARAMETERS = {
    "v1_n3": (274_442, 273_066),
    "v1_n5": (470_218, 467_946),
    "v1_n7": (665_994, 662_826),
    "v1_n9": (861_770, 857_706),
    "v1_n18": (1_742_762, 1_734_666),
    "v2_n2": (574_090, 570_602),
    "v2_n6": (1_673_738, 1_663_338),
    "v2_n12": (3_323_210, 3_302_442),
}

STARTED = time.time()


def arguments(peer, add_options=None):
    """The options of a peer: which work, and how much of it."""
    parser = argparse.ArgumentParser(description=f"Measures {peer}; prints one line of JSON.")
    parser.add_argument("--model", default="v1_n3", choices=PARAMETERS)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--steps", type=int, default=50, help="steps that are timed")
    parser.add_argument("--warm-up", type=int, default=5, help="steps before the clock starts")
    parser.add_argument("--seconds", type=float, default=60, help="time no more steps after this")
    parser.add_argument("--test-images", type=int, default=TEST_IMAGES, help="evaluate this many")
    parser.add_argument("--evaluations", type=int, default=1)
    if add_options:
        add_options(parser)
    return parser.parse_args()


def family_and_blocks(model):
    """`v2_n6` is the family 2 with 6 blocks in each stage."""
    family, blocks = model.split("_n")
    return int(family.removeprefix("v")), int(blocks)


def check_parameters(model, total, trainable):
    """A peer that builds another network would be timed on other work."""
    assert PARAMETERS[model] == (total, trainable), (model, total, trainable)


def random_images(count):
    """The bytes of pixels [count, 3, 32, 32], and labels: what they show changes no time."""
    pixels = bytearray(random.Random(0).randbytes(count * 3 * 32 * 32))
    return pixels, [index % CLASSES for index in range(count)]


def spread(values):
    """Five numbers that say how measurements spread, as the program gives them, and the mean."""
    values = sorted(values)
    quartiles = values * 3
    if len(values) > 1:
        quartiles = statistics.quantiles(values, n=4, method="inclusive")
    return {
        "minimum": values[0],
        "first_quartile": quartiles[0],
        "median": quartiles[1],
        "third_quartile": quartiles[2],
        "maximum": values[-1],
        "mean": statistics.fmean(values),
    }


class Clock:
    """Times steps until there are enough, or the time is up."""

    def __init__(self, options):
        self.options = options
        self.milliseconds = []
        self.done = 0
        self.first_step_seconds = None

    def step_ended(self):
        """Call after each step; false when no more are wanted."""
        now = time.perf_counter()
        self.done += 1
        if self.done == 1:
            self.first_step_seconds = time.time() - process_started()
        if self.done == self.options.warm_up:
            self.begun = now
        if self.done > self.options.warm_up:
            self.milliseconds.append(1e3 * (now - self.last))
        self.last = now
        timed = len(self.milliseconds)
        # Two steps at least, however slow they are.
        late = timed >= 2 and now - self.begun > self.options.seconds
        return timed < self.options.steps and not late


def time_evaluations(options, evaluate):
    """Seconds of each evaluation; `evaluate` returns when its result can be read."""
    seconds = []
    for _ in range(options.evaluations):
        begun = time.perf_counter()
        evaluate()
        seconds.append(time.perf_counter() - begun)
    return seconds


def process_started():
    """When this process began, by the system's clock where it tells."""
    try:
        with open("/proc/self/stat", encoding="ascii") as stat:
            ticks = int(stat.read().rsplit(")", 1)[1].split()[19])
        with open("/proc/uptime", encoding="ascii") as uptime:
            running = float(uptime.read().split()[0]) - ticks / os.sysconf("SC_CLK_TCK")
        return time.time() - running
    except OSError:
        return STARTED


def memory(field):
    """A number of /proc/self/status, in bytes: VmHWM is the peak, VmRSS what is held now."""
    try:
        with open("/proc/self/status", encoding="ascii") as status:
            for line in status:
                if line.startswith(field + ":"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return None


def report(peer, options, clock, evaluations, **more):
    """Prints the result."""
    step = spread(clock.milliseconds)
    images_per_second = 1e3 * options.batch_size / step["median"]
    result = {
        "peer": peer,
        "model": options.model,
        "batch_size": options.batch_size,
        "steps": len(clock.milliseconds),
        "step_milliseconds": step,
        "images_per_second": images_per_second,
        "epoch_seconds": EPOCH_IMAGES / images_per_second,
        "evaluation_seconds": spread(evaluations) if evaluations else None,
        "evaluated_images": options.test_images,
        "first_step_seconds": clock.first_step_seconds,
        "peak_memory_bytes": memory("VmHWM"),
    }
    result.update(more)
    print(json.dumps(result), flush=True)
