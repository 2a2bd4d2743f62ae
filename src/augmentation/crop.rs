//! Random crops and cutouts of whole batches: whole pixels, copied as they are.

use tch::{Device, Kind, Tensor};

use super::draws::Transform;

/// Rows and columns of an image.
const SIZE: i64 = 32;

/// Where the crops of a batch begin and which way they run, `[batch, 4]`: first row, its direction,
/// first column, its direction. With `mirror` the flips are part of the crops.
pub fn crops(transforms: &[Transform], mirror: bool, device: Device) -> Tensor {
    let axis = |offset: i64, flip: bool| {
        if flip && mirror { [offset + SIZE - 1, -1] } else { [offset, 1] }
    };
    let numbers: Vec<i64> = transforms
        .iter()
        .flat_map(|transform| {
            let [first_row, down] = axis(transform.crop_row, transform.flip_vertical);
            let [first_column, right] = axis(transform.crop_column, transform.flip_horizontal);
            [first_row, down, first_column, right]
        })
        .collect();
    Tensor::from_slice(&numbers).view([-1, 4]).to_device(device)
}

/// Takes the [`crops`] from images `[batch, 3, 32, 32]` with a margin of zeros.
pub fn crop(images: &Tensor, crops: &Tensor, margin: i64) -> Tensor {
    let padded = images.constant_pad_nd([margin; 4]);
    let axis = Tensor::arange(SIZE, (Kind::Int64, images.device()));
    let along = |first: i64| crops.narrow(1, first, 1) + crops.narrow(1, first + 1, 1) * &axis;
    let (rows, columns) = (along(0).unsqueeze(2), along(2).unsqueeze(1));
    let index = (rows * (SIZE + 2 * margin) + columns).view([-1, 1, SIZE * SIZE]);
    let index = index.expand([-1, 3, -1], false);
    padded.flatten(2, 3).gather(2, &index, false).view_as(images)
}

/// The first rows and columns of squares of a side, `[batch, 2]`.
pub fn cutouts(transforms: &[Transform], side: i64, device: Device) -> Tensor {
    let first = |centre: i64| centre - side / 2;
    let numbers: Vec<i64> = transforms
        .iter()
        .flat_map(|transform| [first(transform.cutout_row), first(transform.cutout_column)])
        .collect();
    Tensor::from_slice(&numbers).view([-1, 2]).to_device(device)
}

/// Sets the squares to zero, as far as they lie within the images `[batch, 3, 32, 32]`.
pub fn cut_out(images: &Tensor, cutouts: &Tensor, side: i64) -> Tensor {
    let axis = Tensor::arange(SIZE, (Kind::Int64, images.device()));
    let inside = |place: i64| {
        let from_first = &axis - cutouts.narrow(1, place, 1);
        from_first.ge(0).logical_and(&from_first.lt(side))
    };
    let square = inside(0).unsqueeze(2).logical_and(&inside(1).unsqueeze(1));
    images.masked_fill(&square.unsqueeze(1), 0.0)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::augmentation::{TransformBatch, draws};
    use crate::config::augmentation::Augmentation;

    /// Images whose every number tells its place, none of them zero.
    fn known_images(count: i64) -> Tensor {
        Tensor::arange(count * 3 * 32 * 32, (Kind::Float, Device::Cpu)).view([count, 3, 32, 32])
            + 1.0
    }

    fn only(change: impl FnOnce(&mut Augmentation)) -> Augmentation {
        let mut augmentation = Augmentation {
            width_shift_range: 0.0,
            height_shift_range: 0.0,
            horizontal_flip: false,
            ..Augmentation::default()
        };
        change(&mut augmentation);
        augmentation
    }

    fn numbers(image: &Tensor) -> Vec<f32> {
        Vec::try_from(image.contiguous().flatten(0, -1)).unwrap()
    }

    fn apply(augmentation: &Augmentation, images: &Tensor) -> (Vec<Transform>, Tensor) {
        let count = images.size()[0] as u64;
        let transforms: Vec<Transform> =
            (0..count).map(|image| draws::transform(augmentation, 1, 0, image)).collect();
        let batch = TransformBatch::new(&transforms, augmentation, Device::Cpu);
        (transforms, batch.apply(images, augmentation))
    }

    #[test]
    fn a_crop_is_a_shifted_copy_with_zeros_beside_it() {
        let augmentation = only(|it| {
            it.random_crop = 4;
            it.horizontal_flip = true;
            it.vertical_flip = true;
        });
        let images = known_images(20);
        let (transforms, cropped) = apply(&augmentation, &images);
        for (index, transform) in transforms.iter().enumerate() {
            let (original, got) = (images.get(index as i64), cropped.get(index as i64));
            let (original, got) = (numbers(&original), numbers(&got));
            for (place, got) in got.iter().enumerate() {
                let (channel, row, column) = (place / 1024, place / 32 % 32, place % 32);
                let source = |at: usize, offset: i64, flip: bool| {
                    let at = if flip { 31 - at } else { at } as i64 + offset - 4;
                    usize::try_from(at).ok().filter(|at| *at < 32)
                };
                let row = source(row, transform.crop_row, transform.flip_vertical);
                let column = source(column, transform.crop_column, transform.flip_horizontal);
                let expected = match (row, column) {
                    (Some(row), Some(column)) => original[channel * 1024 + row * 32 + column],
                    _ => 0.0,
                };
                assert_eq!(*got, expected, "image {index}, place {place}: {transform:?}");
            }
        }
    }

    #[test]
    fn a_crop_goes_with_keras_transforms() {
        let shifted = only(|it| {
            it.width_shift_range = 0.1;
            it.horizontal_flip = true;
        });
        let both = Augmentation { random_crop: 4, ..shifted.clone() };
        let images = known_images(8);
        let (transforms, got) = apply(&both, &images);
        let (_, moved) = apply(&shifted, &images);
        assert_eq!(got, crop(&moved, &crops(&transforms, false, Device::Cpu), 4));
    }

    #[test]
    fn every_offset_is_as_likely() {
        let augmentation = only(|it| it.random_crop = 4);
        let mut counts = BTreeMap::new();
        let draws = 81 * 200;
        for image in 0..draws {
            let transform = draws::transform(&augmentation, 3, 1, image);
            *counts.entry((transform.crop_row, transform.crop_column)).or_insert(0u64) += 1;
        }
        assert_eq!(counts.len(), 81, "9 by 9 places");
        assert!(
            counts.keys().all(|(row, column)| (0..=8).contains(row) && (0..=8).contains(column))
        );
        // Five standard deviations of 200 draws.
        assert!(counts.values().all(|count| count.abs_diff(200) < 71), "{counts:?}");
    }

    #[test]
    fn a_cutout_is_a_square_cut_at_the_edge() {
        let augmentation = only(|it| it.cutout = 16);
        let images = known_images(200);
        let (transforms, cut) = apply(&augmentation, &images);
        let mut whole = 0;
        for (index, transform) in transforms.iter().enumerate() {
            let (original, got) = (images.get(index as i64), cut.get(index as i64));
            let within = |centre: i64| (centre - 8).max(0)..(centre + 8).min(32);
            let (rows, columns) = (within(transform.cutout_row), within(transform.cutout_column));
            let area = (rows.end - rows.start) * (columns.end - columns.start);
            whole += i32::from(area == 256);
            let pairs = numbers(&original).into_iter().zip(numbers(&got)).enumerate();
            let mut zeros = 0;
            for (place, (original, got)) in pairs {
                let (row, column) = ((place / 32 % 32) as i64, (place % 32) as i64);
                let inside = rows.contains(&row) && columns.contains(&column);
                assert_eq!(got, if inside { 0.0 } else { original });
                zeros += i64::from(inside);
            }
            assert_eq!(zeros, 3 * area);
        }
        // The centre is 8 pixels from every edge in 17 of 32 rows and columns.
        assert!((30..90).contains(&whole), "{whole} of 200 whole squares");
    }
}
