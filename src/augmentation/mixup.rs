//! Mixup (Zhang et al. 2018): every image of a batch is blended with another of it, and so is the loss.

use rand::seq::SliceRandom;
use rand_distr::{Beta, Distribution};
use tch::{Device, Tensor};

use super::draws;

/// The blends of an epoch.
#[derive(Debug)]
pub struct Mixing {
    /// For each image the place of its partner within their batch, `[images]`.
    partners: Tensor,
    /// For each batch the share of the image itself.
    shares: Vec<f64>,
}

/// The blend of a batch.
#[derive(Debug)]
pub struct Mix {
    /// The places of the partners within the batch, `[batch]`.
    pub partners: Tensor,
    /// The share of each image itself; its partner has the rest.
    pub share: f64,
}

impl Mixing {
    /// Draws the blends of an epoch over `count` images; the shares from Beta(alpha, alpha). They are
    /// a function of the seed, the epoch and the batch alone.
    pub fn draw(
        alpha: f64,
        seed: u64,
        epoch: u32,
        count: usize,
        batch_size: usize,
        device: Device,
    ) -> Self {
        let mut partners: Vec<i64> = Vec::with_capacity(count);
        let mut shares = Vec::new();
        for (batch, start) in (0..count).step_by(batch_size.max(1)).enumerate() {
            let mut random = draws::batch_stream(seed, epoch, batch as u64);
            // Beta is defined for every alpha above 0.
            let share = Beta::new(alpha, alpha).map_or(1.0, |beta| beta.sample(&mut random));
            shares.push(share);
            let mut places: Vec<i64> = (0..batch_size.min(count - start) as i64).collect();
            places.shuffle(&mut random);
            partners.extend(places);
        }
        Self { partners: Tensor::from_slice(&partners).to_device(device), shares }
    }

    /// The blend of a batch of `length` images from `start`.
    pub fn batch(&self, index: u64, start: i64, length: i64) -> Mix {
        Mix {
            partners: self.partners.narrow(0, start, length),
            share: self.shares.get(index as usize).copied().unwrap_or(1.0),
        }
    }
}

impl Mix {
    /// Blends anything that has a row for each image of the batch, such as the images.
    pub fn blend(&self, rows: &Tensor) -> Tensor {
        rows * self.share + self.of_partners(rows) * (1.0 - self.share)
    }

    /// The rows of the partners, such as their labels.
    pub fn of_partners(&self, rows: &Tensor) -> Tensor {
        rows.index_select(0, &self.partners)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use tch::Kind;

    use super::*;

    #[test]
    fn every_image_lends_itself_once_within_its_batch() {
        let mixing = Mixing::draw(1.0, 1, 0, 50, 16, Device::Cpu);
        assert_eq!(mixing.shares.len(), 4);
        for (index, (start, length)) in
            [(0, 16), (16, 16), (32, 16), (48, 2)].into_iter().enumerate()
        {
            let mix = mixing.batch(index as u64, start, length);
            let partners = Vec::<i64>::try_from(mix.partners).unwrap();
            let distinct: BTreeSet<i64> = partners.iter().copied().collect();
            assert_eq!(distinct, (0..length).collect());
            assert!((0.0..=1.0).contains(&mix.share));
        }
        let again = Mixing::draw(1.0, 1, 0, 50, 16, Device::Cpu);
        assert_eq!((again.partners, &again.shares), (mixing.partners, &mixing.shares));
        assert_ne!(Mixing::draw(1.0, 1, 1, 50, 16, Device::Cpu).shares, mixing.shares);
    }

    #[test]
    fn shares_have_the_variance_of_beta() {
        for alpha in [0.2, 1.0, 5.0] {
            let shares = Mixing::draw(alpha, 1, 0, 4_000, 1, Device::Cpu).shares;
            let count = shares.len() as f64;
            let mean = shares.iter().sum::<f64>() / count;
            let variance = shares.iter().map(|share| (share - mean).powi(2)).sum::<f64>() / count;
            let expected = 1.0 / (4.0 * (2.0 * alpha + 1.0));
            assert!((mean - 0.5).abs() < 0.03, "{alpha}: mean {mean}");
            assert!((variance / expected - 1.0).abs() < 0.1, "{alpha}: variance {variance}");
        }
    }

    #[test]
    fn a_blend_is_the_weighted_sum() {
        let mix = Mix { partners: Tensor::from_slice(&[1i64, 2, 0]), share: 0.75 };
        let rows = Tensor::from_slice(&[4f32, 8.0, 16.0]).view([3, 1]);
        let blended = Vec::<f32>::try_from(mix.blend(&rows).flatten(0, 1)).unwrap();
        assert_eq!(blended, [5.0, 10.0, 13.0]);
        let labels = Tensor::from_slice(&[7i64, 8, 9]);
        assert_eq!(mix.of_partners(&labels), Tensor::from_slice(&[8i64, 9, 7]));
        assert_eq!(labels.kind(), Kind::Int64);
    }
}
