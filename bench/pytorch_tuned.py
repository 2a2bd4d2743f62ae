"""PyTorch as fast as we can make it on this device: everything that pays, each thing switchable.

Channels last, bf16 autocast where the processor multiplies bf16, images resident on the device and
augmented by batch, fused Adam, no gradient of dead biases, batch norm folded into the convolutions for
evaluation, denormal numbers flushed to zero; torch.compile for the augmentation and the evaluation, or for
the whole forward and backward pass of a step.
"""

import copy

import torch
from torch.nn import functional
from torch.nn.utils import fusion

import measure
import pytorch_model

EVALUATION_BATCH = 250


def add_options(parser):
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32")
    parser.add_argument("--compile", choices=["nothing", "parts", "step"], default="parts")
    parser.add_argument("--compile-mode", help="of torch.compile")


def main():
    options = measure.arguments("PyTorch, tuned", add_options)
    torch.set_flush_denormal(True)
    pixels, labels = pytorch_model.random_images()
    images = ResidentImages(pixels, labels)
    network = pytorch_model.ResNet(options.model).to(memory_format=torch.channels_last)
    network.freeze_dead_biases()
    optimizer = pytorch_model.adam(network, fused=True)

    def batch_of(pixels):
        batch = pytorch_model.augment(pytorch_model.standardized(pixels, images.mean))
        return batch.contiguous(memory_format=torch.channels_last)

    def loss_of(pixels, labels):
        with autocast(options.precision):
            logits = network(batch_of(pixels))
        loss = functional.cross_entropy(logits.float(), labels)
        return loss, (logits.argmax(1) == labels).sum()

    if options.compile == "parts":
        batch_of = torch.compile(batch_of, dynamic=False, mode=options.compile_mode)
    if options.compile == "step":
        loss_of = torch.compile(loss_of, dynamic=False, mode=options.compile_mode)
    clock = measure.Clock(options)
    network.train()
    train(images, loss_of, optimizer, options.batch_size, clock)
    evaluator = Evaluator(network, options)
    evaluator.right_answers(ResidentImages(pixels[:EVALUATION_BATCH], labels[:EVALUATION_BATCH]))
    test = ResidentImages(pixels[: options.test_images], labels[: options.test_images])
    evaluations = measure.time_evaluations(options, lambda: evaluator.right_answers(test))
    measure.report(
        "pytorch_tuned",
        options,
        clock,
        evaluations,
        precision=options.precision,
        threads=torch.get_num_threads(),
        versions={"torch": torch.__version__},
        compiled=options.compile,
    )


def autocast(precision):
    """bf16 in convolutions and what stands between them, or nothing."""
    return torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16")


class ResidentImages:
    """u8 images in the device's memory, with their mean."""

    def __init__(self, pixels, labels):
        self.pixels = pixels.contiguous(memory_format=torch.channels_last)
        self.labels = labels
        self.mean = pytorch_model.pixel_mean(pixels).contiguous()

    def batches(self, size):
        """Full batches in a new order, so that one compiled graph serves all."""
        order = torch.randperm(len(self.labels))
        for picked in order[: len(order) // size * size].split(size):
            yield self.pixels[picked], self.labels[picked]


def train(images, loss_of, optimizer, batch_size, clock):
    """Steps until the clock has enough."""
    loss_sum, right = torch.zeros(()), torch.zeros((), dtype=torch.int64)
    while True:
        for pixels, labels in images.batches(batch_size):
            loss, right_answers = loss_of(pixels, labels)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            loss_sum += loss.detach()
            right += right_answers
            if not clock.step_ended():
                return


class Evaluator:
    """A copy of the network without the batch norms that a convolution can take in."""

    def __init__(self, network, options):
        self.network = network
        self.options = options
        self.folded = copy.deepcopy(network).eval().requires_grad_(False)
        for module, (_, norm) in self.folded.folded():
            setattr(module, norm, torch.nn.Identity())
        self.logits_of = self.forward
        if options.compile != "nothing":
            self.logits_of = torch.compile(self.forward, dynamic=False, mode=options.compile_mode)

    def forward(self, pixels, mean):
        images = pytorch_model.standardized(pixels, mean)
        with autocast(self.options.precision):
            return self.folded(images.contiguous(memory_format=torch.channels_last))

    def take_weights(self):
        """The weights of now, folded; copied in place, so that the compiled graph stays."""
        state = {k: v for k, v in self.network.state_dict().items() if k in self.folded.state_dict()}
        self.folded.load_state_dict(state)
        for (module, (name, norm)), (target, _) in zip(self.network.folded(), self.folded.folded()):
            convolution, bn = getattr(module, name), getattr(module, norm)
            weight, bias = fusion.fuse_conv_bn_weights(
                convolution.weight,
                convolution.bias,
                bn.running_mean,
                bn.running_var,
                bn.eps,
                bn.weight,
                bn.bias,
            )
            getattr(target, name).weight.copy_(weight)
            getattr(target, name).bias.copy_(bias)

    @torch.no_grad()
    def right_answers(self, test):
        """How many images are classified right."""
        self.take_weights()
        right = torch.zeros((), dtype=torch.int64)
        batches = zip(test.pixels.split(EVALUATION_BATCH), test.labels.split(EVALUATION_BATCH))
        for pixels, labels in batches:
            right += (self.logits_of(pixels, test.mean).argmax(1) == labels).sum()
        return right.item()


if __name__ == "__main__":
    main()
