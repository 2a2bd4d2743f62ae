//! Images in the terminal: two pixels a cell, as the two halves of a block.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};

use crate::data::Picture;
use crate::data::picture::SIZE;

/// Columns of a picture whose pixels are `scale` image pixels wide and high.
pub const fn width(scale: usize) -> u16 {
    (SIZE / scale) as u16
}

/// Rows of such a picture.
pub const fn height(scale: usize) -> u16 {
    (SIZE / scale / 2) as u16
}

/// Draws a picture into the upper left corner of `area`, as much of it as fits. `scale` is 1 or 2.
pub fn draw(picture: &Picture, area: Rect, buffer: &mut Buffer, scale: usize) {
    let area = area.intersection(buffer.area);
    for row in 0..height(scale).min(area.height) {
        for column in 0..width(scale).min(area.width) {
            let colour = |half: usize| {
                let [red, green, blue] = mean(
                    picture,
                    (2 * usize::from(row) + half) * scale,
                    usize::from(column) * scale,
                    scale,
                );
                Color::Rgb(red, green, blue)
            };
            if let Some(cell) = buffer.cell_mut((area.x + column, area.y + row)) {
                cell.set_symbol("▀").set_style(Style::new().fg(colour(0)).bg(colour(1)));
            }
        }
    }
}

/// The mean colour of a square of pixels.
fn mean(picture: &Picture, row: usize, column: usize, size: usize) -> [u8; 3] {
    let mut sums = [0usize; 3];
    for y in row..row + size {
        for x in column..column + size {
            for (sum, value) in sums.iter_mut().zip(picture.pixel(y, x)) {
                *sum += usize::from(value);
            }
        }
    }
    sums.map(|sum| (sum / (size * size).max(1)) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::IMAGE_BYTES;

    #[test]
    fn a_cell_shows_the_pixel_above_and_the_one_below() {
        // Even rows are red, odd rows are blue.
        let plane = SIZE * SIZE;
        let planes: Vec<u8> = (0..IMAGE_BYTES)
            .map(|byte| match (byte / plane, byte % plane / SIZE % 2) {
                (0, 0) | (2, 1) => 200,
                _ => 0,
            })
            .collect();
        let picture = Picture::from_planes(&planes).unwrap();
        let area = Rect::new(0, 0, 40, 20);
        let mut buffer = Buffer::empty(area);
        draw(&picture, area, &mut buffer, 1);
        let cell = &buffer[(31, 15)];
        assert_eq!((cell.fg, cell.bg), (Color::Rgb(200, 0, 0), Color::Rgb(0, 0, 200)));
        assert_eq!(buffer[(32, 0)].symbol(), " ");
        draw(&picture, area, &mut buffer, 2);
        assert_eq!(buffer[(0, 0)].fg, Color::Rgb(100, 0, 100));
        // An area that the picture does not fit into.
        draw(&picture, Rect::new(38, 18, 9, 9), &mut buffer, 1);
    }
}
