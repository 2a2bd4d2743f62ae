"""The document's networks in PyTorch, its augmentation by batch, and its optimizer."""

import torch
from torch import nn
from torch.nn import functional

import measure

L2_PENALTY = 1e-4
SHIFT = 0.1


class SamePadding(nn.Conv2d):
    """A convolution padded as TensorFlow pads it."""

    def __init__(self, inputs, outputs, size, stride=1):
        # A stride of 2 on an even size pads the right and the bottom alone, which Conv2d cannot say.
        self.one_sided = size == 3 and stride == 2
        padding = 0 if self.one_sided else size // 2
        super().__init__(inputs, outputs, size, stride, padding)
        # Keras's he_normal.
        deviation = (2 / (inputs * size * size)) ** 0.5 / 0.87962566
        nn.init.trunc_normal_(self.weight, 0, deviation, -2 * deviation, 2 * deviation)
        nn.init.zeros_(self.bias)

    def forward(self, images):
        if self.one_sided:
            images = functional.pad(images, (0, 1, 0, 1))
        return super().forward(images)


def norm(channels):
    """Batch norm with Keras's numbers."""
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)


class BasicBlock(nn.Module):
    """v1."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = SamePadding(inputs, outputs, 3, stride)
        self.bn1 = norm(outputs)
        self.conv2 = SamePadding(outputs, outputs, 3)
        self.bn2 = norm(outputs)
        self.shortcut = SamePadding(inputs, outputs, 1, stride) if stride == 2 else None

    def forward(self, x):
        y = functional.relu_(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        y += self.shortcut(x) if self.shortcut else x
        return functional.relu_(y)

    def folded(self):
        """Pairs of a convolution and the batch norm that takes its output alone."""
        return [("conv1", "bn1"), ("conv2", "bn2")]


class Bottleneck(nn.Module):
    """v2."""

    def __init__(self, inputs, width, outputs, stride, first_of_all, first_of_stage):
        super().__init__()
        self.bn1 = None if first_of_all else norm(inputs)
        self.conv1 = SamePadding(inputs, width, 1, stride)
        self.bn2 = norm(width)
        self.conv2 = SamePadding(width, width, 3)
        self.bn3 = norm(width)
        self.conv3 = SamePadding(width, outputs, 1)
        self.shortcut = SamePadding(inputs, outputs, 1, stride) if first_of_stage else None

    def forward(self, x):
        y = functional.relu_(self.bn1(x)) if self.bn1 else x
        y = functional.relu_(self.bn2(self.conv1(y)))
        y = functional.relu_(self.bn3(self.conv2(y)))
        y = self.conv3(y)
        y += self.shortcut(x) if self.shortcut else x
        return y

    def folded(self):
        """Pairs of a convolution and the batch norm that takes its output alone."""
        return [("conv1", "bn2"), ("conv2", "bn3")]


class ResNet(nn.Module):
    """Either family."""

    def __init__(self, model):
        super().__init__()
        family, count = measure.family_and_blocks(model)
        self.conv = SamePadding(3, 16, 3)
        self.bn = norm(16)
        blocks = []
        channels = 16
        for stage in range(3):
            for block in range(count):
                stride = 2 if stage > 0 and block == 0 else 1
                if family == 1:
                    outputs = 16 << stage
                    blocks.append(BasicBlock(channels, outputs, stride))
                else:
                    width, outputs = (16, 64, 128)[stage], (64, 128, 256)[stage]
                    first_of_all = stage == 0 and block == 0
                    blocks.append(
                        Bottleneck(channels, width, outputs, stride, first_of_all, block == 0)
                    )
                channels = outputs
        self.blocks = nn.Sequential(*blocks)
        self.last_bn = norm(channels) if family == 2 else None
        self.head = nn.Linear(channels, measure.CLASSES)
        deviation = (2 / channels) ** 0.5 / 0.87962566
        nn.init.trunc_normal_(self.head.weight, 0, deviation, -2 * deviation, 2 * deviation)
        nn.init.zeros_(self.head.bias)
        trainable = sum(parameter.numel() for parameter in self.parameters())
        statistics = sum(2 * m.num_features for m in self.modules() if isinstance(m, nn.BatchNorm2d))
        measure.check_parameters(model, trainable + statistics, trainable)

    def forward(self, images):
        x = self.blocks(functional.relu_(self.bn(self.conv(images))))
        if self.last_bn:
            x = functional.relu_(self.last_bn(x))
        return self.head(x.mean((2, 3)))

    def folded(self):
        """Pairs of a convolution and the batch norm that takes its output alone, as (module, names)."""
        return [(self, ("conv", "bn"))] + [(b, pair) for b in self.blocks for pair in b.folded()]

    def freeze_dead_biases(self):
        """A bias before a batch norm has no gradient but zero: spare computing it."""
        for module, (convolution, _) in self.folded():
            getattr(module, convolution).bias.requires_grad_(False)


def adam(network, **options):
    """Adam with the L2 penalty on the kernels: as `weight_decay` it costs no pass of its own."""
    kernels = [p for p in network.parameters() if p.dim() == 4 and p.requires_grad]
    others = [p for p in network.parameters() if p.dim() != 4 and p.requires_grad]
    groups = [
        {"params": kernels, "weight_decay": 2 * L2_PENALTY},
        {"params": others, "weight_decay": 0.0},
    ]
    options.setdefault("lr", 1e-3)
    return torch.optim.Adam(groups, eps=1e-7, **options)


def random_images(count=measure.TEST_IMAGES):
    """Pixels u8 [count, 3, 32, 32] and labels."""
    pixels, labels = measure.random_images(count)
    return torch.frombuffer(pixels, dtype=torch.uint8).view(-1, 3, 32, 32), torch.tensor(labels)


def standardized(pixels, mean):
    """Pixels over 255, less the mean image."""
    return pixels.float() / 255 - mean


def pixel_mean(pixels):
    """The mean image of a set."""
    return (pixels.float() / 255).mean(0)


def augment(images):
    """Shifts each image by up to a tenth, bilinear, edges repeated, and flips half of them."""
    count, _, height, width = images.shape
    device = images.device
    shifts = (torch.rand(count, 2, device=device) * 2 - 1) * (2 * SHIFT)
    flips = 1 - 2 * (torch.rand(count, device=device) < 0.5).float()
    # The flip comes after the shift, so it turns the output's coordinate alone.
    zero = torch.zeros_like(flips)
    one = torch.ones_like(flips)
    matrices = torch.stack(
        [
            torch.stack([flips, zero, shifts[:, 0]], 1),
            torch.stack([zero, one, shifts[:, 1]], 1),
        ],
        1,
    )
    grid = functional.affine_grid(matrices, (count, 3, height, width), align_corners=False)
    return functional.grid_sample(images, grid, padding_mode="border", align_corners=False)
