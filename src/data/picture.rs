//! One image as a screen draws it.

use super::IMAGE_BYTES;

/// Rows and columns.
pub const SIZE: usize = 32;

const PLANE: usize = SIZE * SIZE;

/// An image of 32 rows of 32 pixels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Red, green, blue; row by row.
    pixels: Vec<[u8; 3]>,
}

impl Picture {
    /// From the bytes of a data set: a red, a green and a blue plane. `None` for another number of
    /// bytes than an image has.
    pub fn from_planes(planes: &[u8]) -> Option<Self> {
        if planes.len() != IMAGE_BYTES {
            return None;
        }
        let (red, rest) = planes.split_at(PLANE);
        let (green, blue) = rest.split_at(PLANE);
        let pixels = red.iter().zip(green).zip(blue);
        Some(Self { pixels: pixels.map(|((r, g), b)| [*r, *g, *b]).collect() })
    }

    /// Red, green and blue of a pixel; black outside the image.
    pub fn pixel(&self, row: usize, column: usize) -> [u8; 3] {
        let inside = row < SIZE && column < SIZE;
        let found = inside.then(|| self.pixels.get(row * SIZE + column)).flatten();
        found.copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planes_become_pixels() {
        let planes: Vec<u8> =
            (0..IMAGE_BYTES).map(|byte| (byte / PLANE * 100 + byte % SIZE) as u8).collect();
        let picture = Picture::from_planes(&planes).unwrap();
        assert_eq!(picture.pixel(0, 0), [0, 100, 200]);
        assert_eq!(picture.pixel(31, 5), [5, 105, 205]);
        assert_eq!(picture.pixel(0, 32), [0; 3]);
        assert_eq!(Picture::from_planes(&planes[1..]), None);
    }
}
