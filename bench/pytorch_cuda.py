"""PyTorch on a GPU: eager, and the whole step as one CUDA graph. A line of JSON for each measurement.

usage: pytorch_cuda.py [options] WORK...     a WORK is MODEL:BATCH:PRECISION:KIND, v1_n3:32:fp32:graph

Images lie on the GPU and are augmented there by batch, in both kinds: a DataLoader would make eager
slower than it has to be. `eager` is PyTorch as it comes; `graph` has fused Adam, no gradient of dead
biases and the quicker of both layouts besides.

fp32 is IEEE f32 in convolutions, tf32 is TF32 there, as PyTorch has it by default, bf16 is autocast.
"""

import argparse
import json
import time

import torch
from torch.nn import functional

import measure
import pytorch_model

# The clock is read after this many steps: waiting for the GPU after each would time the waiting.
STEPS_OF_A_BLOCK = 10
WARM_UP = 11
EVALUATION_BATCH = 1_000


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=3, help="time no more steps after this")
    parser.add_argument("--test-images", type=int, default=measure.TEST_IMAGES)
    parser.add_argument("work", nargs="+")
    options = parser.parse_args()
    device = torch.device(options.device)
    pixels, labels = (tensor.to(device) for tensor in pytorch_model.random_images())
    # Searching for the fastest kernels is what scripts for images of one size turn on.
    torch.backends.cudnn.benchmark = True
    for work in options.work:
        result = {"work": work}
        try:
            result.update(measured(work, options, device, pixels, labels))
        except Exception as error:  # The other measurements go on.
            result["failed"] = f"{type(error).__name__}: {str(error).splitlines()[0][:300]}"
        print(json.dumps(result), flush=True)


def measured(work, options, device, pixels, labels):
    """Times the steps and the evaluation of one work."""
    model, batch_size, precision, kind = work.split(":")
    torch.backends.cudnn.allow_tf32 = precision == "tf32"
    # The coordinates of the augmentation are a matrix product, which TF32 would blur.
    torch.backends.cuda.matmul.allow_tf32 = False
    layouts = ["channels_first", "channels_last"] if kind == "graph" else ["channels_first"]
    tries = []
    for layout in layouts:
        if device.type == "cuda":
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()
        step = Step(model, int(batch_size), precision, kind, layout, device, pixels, labels)
        tries.append(timed(step, options, pixels, labels))
        del step
    best = min(tries, key=lambda tried: tried["step_milliseconds"]["median"])
    return {
        "model": model,
        "batch_size": int(batch_size),
        "precision": precision,
        "peer": f"pytorch_{kind}",
        "epoch_seconds": best["step_milliseconds"]["median"]
        / 1e3
        * measure.EPOCH_IMAGES
        / int(batch_size),
        **best,
    }


def timed(step, options, pixels, labels):
    """What is measured of one layout."""
    device = step.device
    begun = time.perf_counter()
    for _ in range(WARM_UP if device.type == "cuda" else 1):
        step.run()
    if step.kind == "graph" and device.type == "cuda":
        step.capture()
        step.run()
    synchronize(device)
    preparation = time.perf_counter() - begun
    block = min(STEPS_OF_A_BLOCK, options.steps)
    milliseconds, begun = [], time.perf_counter()
    while len(milliseconds) * block < options.steps:
        block_begun = time.perf_counter()
        for _ in range(block):
            step.run()
        synchronize(device)
        milliseconds.append(1e3 * (time.perf_counter() - block_begun) / block)
        if len(milliseconds) >= 2 and time.perf_counter() - begun > options.seconds:
            break
    loss = float(step.loss_sum) / step.count
    step.network.eval()
    step.accuracy(pixels[:EVALUATION_BATCH], labels[:EVALUATION_BATCH])
    evaluation_begun = time.perf_counter()
    # It ends by reading its sum, which waits for the GPU.
    step.accuracy(pixels[: options.test_images], labels[: options.test_images])
    evaluation = time.perf_counter() - evaluation_begun
    return {
        "layout": step.layout,
        "step_milliseconds": measure.spread(milliseconds),
        "evaluation_seconds": measure.spread([evaluation]),
        "evaluated_images": options.test_images,
        "preparation_seconds": preparation,
        "peak_memory_bytes": torch.cuda.max_memory_allocated() if device.type == "cuda" else None,
        "loss": loss,
    }


class Step:
    """A training step on tensors that keep their places, as a graph needs them."""

    def __init__(self, model, batch_size, precision, kind, layout, device, pixels, labels):
        self.device, self.kind, self.precision, self.layout = device, kind, precision, layout
        self.pixels, self.labels = pixels, labels
        self.mean = pytorch_model.pixel_mean(pixels)
        channels_last = layout == "channels_last"
        self.memory_format = torch.channels_last if channels_last else torch.contiguous_format
        self.network = pytorch_model.ResNet(model).to(device, memory_format=self.memory_format)
        more = {}
        if kind == "graph":
            self.network.freeze_dead_biases()
            # A tensor, so that a schedule could change it between replays.
            more = {"fused": True, "capturable": device.type == "cuda"}
            more["lr"] = torch.tensor(1e-3, device=device)
        self.optimizer = pytorch_model.adam(self.network, **more)
        self.picked = torch.zeros(batch_size, dtype=torch.int64, device=device)
        self.loss_sum = torch.zeros((), device=device)
        self.right = torch.zeros((), dtype=torch.int64, device=device)
        self.order = torch.randperm(len(labels), device=device)
        self.start = self.count = 0
        self.graph = None
        self.stream = torch.cuda.Stream() if device.type == "cuda" else None

    def run(self):
        """The next batch."""
        size = len(self.picked)
        if self.start + size > len(self.order):
            self.order = torch.randperm(len(self.labels), device=self.device)
            self.start = 0
        self.picked.copy_(self.order[self.start : self.start + size])
        self.start += size
        self.count += 1
        if self.graph:
            self.graph.replay()
        elif self.kind == "graph" and self.stream:
            # Warming up on the stream of the capture: what the first steps allocate must not be
            # waited for by the default stream within the graph.
            self.stream.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(self.stream):
                self.compute()
            torch.cuda.current_stream().wait_stream(self.stream)
        else:
            self.compute()

    def capture(self):
        """Records a step; its gradients then live in the graph's own memory."""
        self.optimizer.zero_grad(set_to_none=True)
        graph = torch.cuda.CUDAGraph()
        torch.cuda.synchronize()
        with torch.cuda.graph(graph, stream=self.stream):
            self.compute()
        self.graph = graph

    def compute(self):
        """Forward, backward, update: everything that the graph holds."""
        self.optimizer.zero_grad(set_to_none=True)
        labels = self.labels[self.picked]
        images = pytorch_model.standardized(self.pixels[self.picked], self.mean)
        images = pytorch_model.augment(images).contiguous(memory_format=self.memory_format)
        with self.autocast():
            logits = self.network(images)
        loss = functional.cross_entropy(logits.float(), labels)
        loss.backward()
        self.optimizer.step()
        self.loss_sum += loss.detach()
        self.right += (logits.detach().argmax(1) == labels).sum()

    def autocast(self):
        """Without its cache, whose converted weights would outlive the step that is recorded."""
        bf16 = self.precision == "bf16"
        return torch.autocast(self.device.type, torch.bfloat16, enabled=bf16, cache_enabled=False)

    @torch.no_grad()
    def accuracy(self, pixels, labels):
        """Part of the images classified right; the network is in evaluation."""
        right = torch.zeros((), dtype=torch.int64, device=self.device)
        batches = zip(pixels.split(EVALUATION_BATCH), labels.split(EVALUATION_BATCH))
        for some, answers in batches:
            images = pytorch_model.standardized(some, self.mean)
            with self.autocast():
                logits = self.network(images.contiguous(memory_format=self.memory_format))
            right += (logits.argmax(1) == answers).sum()
        return right.item() / len(labels)


def synchronize(device):
    """Waits for the GPU."""
    if device.type == "cuda":
        torch.cuda.synchronize()


if __name__ == "__main__":
    main()
