//! The document's networks from tch's `nn` modules.

use tch::Tensor;
use tch::nn::{self, Path, SequentialT};

/// The group of variables that the L2 penalty is for. The biases beside the kernels are in it too: a
/// module has one group.
pub const PENALISED: usize = 1;

/// A 3×3 or 1×1 convolution, padded as TensorFlow pads it.
fn convolution(
    path: Path<'_>,
    inputs: i64,
    outputs: i64,
    size: i64,
    stride: i64,
) -> nn::Func<'static> {
    // A stride of 2 on an even size pads the right and the bottom alone.
    let one_sided = size == 3 && stride == 2;
    let config = nn::ConvConfig {
        stride,
        padding: if one_sided { 0 } else { size / 2 },
        ws_init: nn::init::DEFAULT_KAIMING_NORMAL,
        ..Default::default()
    };
    let layer = nn::conv2d(path.set_group(PENALISED), inputs, outputs, size, config);
    nn::func(move |images| {
        if one_sided {
            return images.constant_pad_nd([0, 1, 0, 1]).apply(&layer);
        }
        images.apply(&layer)
    })
}

fn norm(path: Path<'_>, channels: i64) -> nn::BatchNorm {
    let ones = nn::Init::Const(1.0);
    let config =
        nn::BatchNormConfig { eps: 1e-3, momentum: 0.01, ws_init: ones, ..Default::default() };
    nn::batch_norm2d(path, channels, config)
}

/// v1's block.
fn basic(path: Path<'_>, inputs: i64, outputs: i64, stride: i64) -> nn::FuncT<'static> {
    let conv1 = convolution(&path / "conv1", inputs, outputs, 3, stride);
    let bn1 = norm(&path / "bn1", outputs);
    let conv2 = convolution(&path / "conv2", outputs, outputs, 3, 1);
    let bn2 = norm(&path / "bn2", outputs);
    let shortcut =
        (stride == 2).then(|| convolution(&path / "shortcut", inputs, outputs, 1, stride));
    nn::func_t(move |x, train| {
        let y = x.apply(&conv1).apply_t(&bn1, train).relu();
        let y = y.apply(&conv2).apply_t(&bn2, train);
        let x = shortcut.as_ref().map_or_else(|| x.shallow_clone(), |layer| x.apply(layer));
        (x + y).relu()
    })
}

/// Where a v2 block stands.
struct Place {
    stage: usize,
    block: usize,
}

/// v2's block.
fn bottleneck(path: Path<'_>, place: Place, channels: [i64; 3], stride: i64) -> nn::FuncT<'static> {
    let [inputs, width, outputs] = channels;
    let bn1 = (place.stage + place.block > 0).then(|| norm(&path / "bn1", inputs));
    let conv1 = convolution(&path / "conv1", inputs, width, 1, stride);
    let bn2 = norm(&path / "bn2", width);
    let conv2 = convolution(&path / "conv2", width, width, 3, 1);
    let bn3 = norm(&path / "bn3", width);
    let conv3 = convolution(&path / "conv3", width, outputs, 1, 1);
    let shortcut =
        (place.block == 0).then(|| convolution(&path / "shortcut", inputs, outputs, 1, stride));
    nn::func_t(move |x, train| {
        let y = match &bn1 {
            Some(layer) => x.apply_t(layer, train).relu(),
            None => x.shallow_clone(),
        };
        let y = y.apply(&conv1).apply_t(&bn2, train).relu();
        let y = y.apply(&conv2).apply_t(&bn3, train).relu();
        let y = y.apply(&conv3);
        let x = shortcut.as_ref().map_or_else(|| x.shallow_clone(), |layer| x.apply(layer));
        x + y
    })
}

/// A network of family 1 or 2 with `blocks` in each stage.
pub fn resnet(root: &Path<'_>, family: usize, blocks: usize) -> SequentialT {
    let mut layers = nn::seq_t()
        .add(convolution(root / "conv", 3, 16, 3, 1))
        .add(norm(root / "bn", 16))
        .add_fn(|x| x.relu());
    let mut channels = 16;
    for stage in 0..3 {
        for block in 0..blocks {
            let path = root / "stages" / stage / block;
            let stride = if stage > 0 && block == 0 { 2 } else { 1 };
            if family == 1 {
                let outputs = 16 << stage;
                layers = layers.add(basic(path, channels, outputs, stride));
                channels = outputs;
            } else {
                let (width, outputs) = [(16, 64), (64, 128), (128, 256)][stage];
                let place = Place { stage, block };
                layers = layers.add(bottleneck(path, place, [channels, width, outputs], stride));
                channels = outputs;
            }
        }
    }
    if family == 2 {
        layers = layers.add(norm(root / "last_bn", channels)).add_fn(|x| x.relu());
    }
    let head = nn::linear(root / "head", channels, 10, Default::default());
    layers.add_fn(|x: &Tensor| x.mean_dim([2, 3].as_slice(), false, None)).add(head)
}
