//! Affine maps of whole batches with bilinear interpolation, as scipy.ndimage's order 1 does it.

use tch::{Device, Kind, Tensor};

use super::draws::Transform;
use crate::config::augmentation::FillMode;

/// The last row and column.
const LAST: f64 = 31.0;

/// The centre of an image.
const CENTRE: f64 = 15.5;

/// The map from output to input pixels, about the centre, as two rows (x, then y) of three numbers:
/// Keras's rotation · shift · shear · zoom, then the flips, which mirror the output.
pub fn matrix(transform: &Transform) -> [f64; 6] {
    let (sin, cos) = transform.theta.to_radians().sin_cos();
    let (shear_sin, shear_cos) = transform.shear.to_radians().sin_cos();
    let (zx, zy) = (transform.zx, transform.zy);
    // Shear and zoom: [[zx, -sin·zy], [0, cos·zy]]; then the rotation from the left.
    let (xx, xy) = (cos * zx, -cos * shear_sin * zy - sin * shear_cos * zy);
    let (yx, yy) = (sin * zx, -sin * shear_sin * zy + cos * shear_cos * zy);
    let x_shift = cos * transform.tx - sin * transform.ty;
    let y_shift = sin * transform.tx + cos * transform.ty;
    let mirror_x = if transform.flip_horizontal { -1.0 } else { 1.0 };
    let mirror_y = if transform.flip_vertical { -1.0 } else { 1.0 };
    [xx * mirror_x, xy * mirror_y, x_shift, yx * mirror_x, yy * mirror_y, y_shift]
}

/// The maps of a batch, `[batch, 2, 3]`, as [`sample`] wants them for a fill mode. Done once an epoch: a
/// constant brought to a GPU within a step would make the step wait for it.
pub fn maps(transforms: &[Transform], mode: FillMode, device: Device) -> Tensor {
    let numbers: Vec<f64> = transforms.iter().flat_map(matrix).collect();
    let maps = Tensor::from_slice(&numbers).view([-1, 2, 3]);
    let maps = match mode {
        // With aligned corners the sampler's unit is half the distance between the outer pixels'
        // centres.
        FillMode::Nearest => {
            (maps * Tensor::from_slice(&[1.0, 1.0, 1.0 / CENTRE])).to_kind(Kind::Float)
        }
        // Coordinates are f64, as in scipy. Metal has none.
        _ if device == Device::Mps => maps.to_kind(Kind::Float),
        _ => maps,
    };
    maps.to_device(device)
}

/// Samples images `[batch, 3, 32, 32]` through the [`maps`] made for the mode.
pub fn sample(images: &Tensor, maps: &Tensor, mode: FillMode, cval: f64) -> Tensor {
    match mode {
        FillMode::Nearest => sample_nearest(images, maps),
        _ => sample_filled(images, maps, mode, cval),
    }
}

/// libtorch's own sampler clamps to the edge just so, and is the fastest.
fn sample_nearest(images: &Tensor, maps: &Tensor) -> Tensor {
    let grid = Tensor::affine_grid_generator(maps, images.size().as_slice(), true);
    let (bilinear, border) = (0, 1);
    images.grid_sampler(&grid, bilinear, border, true)
}

pub(super) fn sample_filled(
    images: &Tensor,
    matrices: &Tensor,
    mode: FillMode,
    cval: f64,
) -> Tensor {
    let options = (matrices.kind(), matrices.device());
    let axis = Tensor::arange(32, options) - CENTRE;
    let (columns, rows) = (axis.view([1, 1, 32]), axis.view([1, 32, 1]));
    let entry = |row: i64, column: i64| matrices.select(1, row).select(1, column).view([-1, 1, 1]);
    let coordinate =
        |row: i64| entry(row, 0) * &columns + entry(row, 1) * &rows + entry(row, 2) + CENTRE;
    let x = Axis::new(&coordinate(0), mode);
    let y = Axis::new(&coordinate(1), mode);
    let pixels = images.flatten(2, 3);
    let corner = |row: &Tensor, column: &Tensor| {
        let index = (row * 32 + column).flatten(1, 2).unsqueeze(1).expand_as(&pixels);
        pixels.gather(2, &index, false).view_as(images)
    };
    let top = blend(&corner(&y.low, &x.low), &corner(&y.low, &x.high), &x.fraction);
    let bottom = blend(&corner(&y.high, &x.low), &corner(&y.high, &x.high), &x.fraction);
    let sampled = blend(&top, &bottom, &y.fraction);
    match (x.outside, y.outside) {
        (Some(x), Some(y)) => sampled.masked_fill(&x.logical_or(&y).unsqueeze(1), cval),
        _ => sampled,
    }
}

fn blend(low: &Tensor, high: &Tensor, fraction: &Tensor) -> Tensor {
    low + (high - low) * fraction.to_kind(low.kind()).unsqueeze(1)
}

/// One coordinate of every output pixel, `[batch, 32, 32]`, as the two input pixels it lies between.
struct Axis {
    low: Tensor,
    high: Tensor,
    /// Distance from `low`, 0 to 1.
    fraction: Tensor,
    /// With `constant`: further out than the outer pixels' centres. scipy blends nothing there.
    outside: Option<Tensor>,
}

impl Axis {
    fn new(coordinate: &Tensor, mode: FillMode) -> Self {
        let (coordinate, outside) = match mode {
            FillMode::Constant => {
                let outside = coordinate.lt(0.0).logical_or(&coordinate.gt(LAST));
                (coordinate.clamp(0.0, LAST), Some(outside))
            }
            FillMode::Nearest => (coordinate.clamp(0.0, LAST), None),
            FillMode::Reflect => (coordinate.shallow_clone(), None),
            // scipy's `wrap` has a period of 31 pixels: the first and the last one coincide.
            FillMode::Wrap => {
                let inside = coordinate.ge(0.0).logical_and(&coordinate.le(LAST));
                (coordinate.where_self(&inside, &coordinate.remainder(LAST)), None)
            }
        };
        let floor = coordinate.floor();
        let fraction = &coordinate - &floor;
        let low = floor.to_kind(Kind::Int64);
        let high = &low + 1;
        let place = |index: Tensor| match mode {
            FillMode::Reflect => {
                let within = index.remainder(64);
                within.minimum(&(63 - &within))
            }
            _ => index.clamp(0, 31),
        };
        Self { low: place(low), high: place(high), fraction, outside }
    }
}
