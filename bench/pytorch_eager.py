"""PyTorch as most scripts use it: eager, a Dataset that augments image by image, a DataLoader."""

import random

import torch
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

import measure
import pytorch_model


class TrainingImages(Dataset):
    """Augments each image by itself, with whatever is quickest for one image."""

    def __init__(self, pixels, labels):
        self.pixels = pixels
        self.labels = labels
        self.mean = pytorch_model.pixel_mean(pixels)

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        return shifted(self.image(index), random.random() < 0.5), self.labels[index]

    def image(self, index):
        return pytorch_model.standardized(self.pixels[index], self.mean)


def shifted(image, flip):
    """The image moved by up to a tenth, between whole pixels, with its edges repeated."""
    tx = random.uniform(-1, 1) * 2 * pytorch_model.SHIFT
    ty = random.uniform(-1, 1) * 2 * pytorch_model.SHIFT
    matrix = torch.tensor([[[-1.0 if flip else 1.0, 0.0, tx], [0.0, 1.0, ty]]])
    grid = functional.affine_grid(matrix, (1, 3, 32, 32), align_corners=False)
    return functional.grid_sample(image[None], grid, padding_mode="border", align_corners=False)[0]


class TestImages(TrainingImages):
    """Without augmentation."""

    def __getitem__(self, index):
        return self.image(index), self.labels[index]


def add_options(parser):
    parser.add_argument("--channels-last", action="store_true")
    parser.add_argument("--workers", type=int, default=0, help="processes of the DataLoader")


def main():
    options = measure.arguments("PyTorch, eager", add_options)
    memory_format = torch.channels_last if options.channels_last else torch.contiguous_format
    pixels, labels = pytorch_model.random_images()
    loader = DataLoader(
        TrainingImages(pixels, labels),
        batch_size=options.batch_size,
        shuffle=True,
        num_workers=options.workers,
        persistent_workers=options.workers > 0,
    )
    network = pytorch_model.ResNet(options.model).to(memory_format=memory_format)
    optimizer = pytorch_model.adam(network)
    clock = measure.Clock(options)
    train(network, optimizer, loader, memory_format, clock)
    test = TestImages(pixels[: options.test_images], labels[: options.test_images])
    test_loader = DataLoader(test, batch_size=250, num_workers=options.workers)
    with torch.no_grad():
        network.eval()
        network(torch.zeros(250, 3, 32, 32).to(memory_format=memory_format))
    evaluations = measure.time_evaluations(
        options, lambda: accuracy(network, test_loader, memory_format)
    )
    measure.report(
        "pytorch_eager",
        options,
        clock,
        evaluations,
        precision="fp32",
        threads=torch.get_num_threads(),
        versions={"torch": torch.__version__},
        workers=options.workers,
        channels_last=options.channels_last,
    )


def train(network, optimizer, loader, memory_format, clock):
    """Steps until the clock has enough."""
    network.train()
    while True:
        for images, labels in loader:
            images = images.to(memory_format=memory_format)
            optimizer.zero_grad()
            loss = functional.cross_entropy(network(images), labels)
            loss.backward()
            optimizer.step()
            if not clock.step_ended():
                return


def accuracy(network, loader, memory_format):
    """Part of the images classified right."""
    right = 0
    network.eval()
    with torch.no_grad():
        for images, labels in loader:
            logits = network(images.to(memory_format=memory_format))
            right += (logits.argmax(1) == labels).sum().item()
    return right / len(loader.dataset)


if __name__ == "__main__":
    main()
