//! Draws one image: background, distractors, the shape, something in front of it, noise.
//!
//! Colours are in [0, 1] per channel and tell nothing about the class; only the outline does. The numbers
//! below are set so that it takes several epochs to learn: of 10,000 images, ResNet20 v1 (batches of 32,
//! flips and shifts) had 26, 41, 69 and 92 % of the test images right after its first four.

use super::{Draws, shapes};
use crate::data::CLASSES;

const SIDE: usize = 32;
const PIXELS: usize = SIDE * SIDE;
/// The value-noise grid has one more point than this per side, at most.
const MOST_CELLS: usize = 8;

/// Red, green and blue of every pixel, row by row.
struct Canvas([[f32; 3]; PIXELS]);

impl Canvas {
    /// Paints `colour` at each pixel up to `reach` pixels from `middle` as far as `cover` says, from 0 to 1.
    fn paint(
        &mut self,
        colour: [f32; 3],
        middle: [f32; 2],
        reach: f32,
        cover: impl Fn([f32; 2]) -> f32,
    ) {
        // A float below 0 becomes 0 as a whole number.
        let [columns, rows] = middle.map(|at| (at - reach) as usize..(at + reach + 1.0) as usize);
        let all_rows = self.0.as_chunks_mut::<SIDE>().0.iter_mut().enumerate();
        for (y, row) in all_rows.take(rows.end).skip(rows.start) {
            for (x, pixel) in row.iter_mut().enumerate().take(columns.end).skip(columns.start) {
                let part = cover(centre(x, y));
                for (old, new) in pixel.iter_mut().zip(colour) {
                    *old += (new - *old) * part;
                }
            }
        }
    }
}

/// Pixel centres are at half numbers.
fn centre(x: usize, y: usize) -> [f32; 2] {
    [x as f32 + 0.5, y as f32 + 0.5]
}

/// The part after the point of a number that is not negative.
fn fraction(value: f32) -> f32 {
    value - (value as u32) as f32
}

/// How much of a pixel lies inside an edge at this distance, in pixels, from its centre.
fn coverage(distance: f32) -> f32 {
    (0.5 - distance).clamp(0.0, 1.0)
}

/// Fills `image` (`[3, 32, 32]`) with a picture of the class `label`.
pub(super) fn draw(draws: &mut Draws, label: usize, image: &mut [u8]) {
    let mut canvas = Canvas([[0.0; 3]; PIXELS]);
    let ground = draws.colour();
    paint_background(draws, ground, &mut canvas);
    if draws.happens(0.4) {
        paint_stroke(draws, &mut canvas);
    }
    if draws.happens(0.4) {
        let small = Placement::new(draws, 2.0, 3.5);
        let colour = draws.colour();
        small.paint(draws.index(CLASSES), colour, 1.0, &mut canvas);
    }
    let shape = Placement::new(draws, 8.0, 13.0);
    let colour = contrasting_colour(draws, ground);
    let opacity = draws.between(0.8, 1.0);
    shape.paint(label, colour, opacity, &mut canvas);
    if draws.happens(0.3) {
        paint_stroke(draws, &mut canvas);
    }
    finish(draws, &canvas, image);
}

/// A colour whose channels differ from the ground's by 0.6 in sum or more.
fn contrasting_colour(draws: &mut Draws, ground: [f32; 3]) -> [f32; 3] {
    loop {
        let colour = draws.colour();
        let contrast: f32 = colour.iter().zip(ground).map(|(a, b)| (a - b).abs()).sum();
        if contrast >= 0.6 {
            return colour;
        }
    }
}

/// A gradient, blotches of every size, and in some images stripes.
fn paint_background(draws: &mut Draws, ground: [f32; 3], canvas: &mut Canvas) {
    let [along_x, along_y] = draws.direction();
    let slope = draws.between(0.0, 0.015);
    let blotches = Blotches::new(draws);
    let stripes = Stripes::new(draws);
    for (index, pixel) in canvas.0.iter_mut().enumerate() {
        let point = centre(index % SIDE, index / SIDE);
        let [x, y] = point;
        let gradient = slope * (along_x * (x - 16.0) + along_y * (y - 16.0)) + stripes.at(point);
        for ((value, base), blotch) in pixel.iter_mut().zip(ground).zip(blotches.at(point)) {
            *value = base + gradient + blotch;
        }
    }
}

/// Value noise: random values on a grid, blended smoothly between its points.
struct Blotches {
    strength: f32,
    cells_per_pixel: f32,
    grid: [[[f32; 3]; MOST_CELLS + 1]; MOST_CELLS + 1],
}

impl Blotches {
    fn new(draws: &mut Draws) -> Self {
        let cells = 3 + draws.index(MOST_CELLS - 2);
        let strength = draws.between(0.05, 0.25);
        let grey = draws.unit();
        let mut grid = [[[0.0; 3]; MOST_CELLS + 1]; MOST_CELLS + 1];
        for value in grid.as_flattened_mut() {
            let shade = draws.unit() - 0.5;
            *value = draws.colour().map(|channel| grey * shade + (1.0 - grey) * (channel - 0.5));
        }
        Self { strength, cells_per_pixel: cells as f32 / SIDE as f32, grid }
    }

    fn at(&self, point: [f32; 2]) -> [f32; 3] {
        let [(column, right), (row, down)] = point.map(|coordinate| {
            let position = coordinate * self.cells_per_pixel;
            let part = fraction(position);
            (position as usize, part * part * (3.0 - 2.0 * part))
        });
        let value = |row: usize, column: usize| {
            self.grid.get(row).and_then(|row| row.get(column)).copied().unwrap_or_default()
        };
        let blend = |a: [f32; 3], b: [f32; 3], part: f32| {
            [0, 1, 2].map(|channel: usize| a[channel] + (b[channel] - a[channel]) * part)
        };
        let upper = blend(value(row, column), value(row, column + 1), right);
        let lower = blend(value(row + 1, column), value(row + 1, column + 1), right);
        blend(upper, lower, down).map(|blotch| self.strength * blotch)
    }
}

/// Light and dark bands.
struct Stripes {
    strength: f32,
    per_pixel: [f32; 2],
}

impl Stripes {
    fn new(draws: &mut Draws) -> Self {
        let strength = if draws.happens(0.25) { draws.between(0.05, 0.15) } else { 0.0 };
        let [x, y] = draws.direction();
        let width = draws.between(3.0, 9.0);
        Self { strength, per_pixel: [x / width, y / width] }
    }

    fn at(&self, [x, y]: [f32; 2]) -> f32 {
        // No image is so large that this could be negative.
        let phase = x * self.per_pixel[0] + y * self.per_pixel[1] + 64.0;
        self.strength * ((fraction(phase) * 2.0 - 1.0).abs() - 0.5)
    }
}

/// A straight line of some width across a part of the image.
fn paint_stroke(draws: &mut Draws, canvas: &mut Canvas) {
    let [x, y] = [draws.between(2.0, 30.0), draws.between(2.0, 30.0)];
    let [along_x, along_y] = draws.direction();
    let half_length = draws.between(4.0, 14.0);
    let half_width = draws.between(0.5, 1.7);
    let colour = draws.colour();
    canvas.paint(colour, [x, y], half_length + half_width + 1.0, |[px, py]| {
        let [dx, dy] = [px - x, py - y];
        let along = (dx * along_x + dy * along_y).clamp(-half_length, half_length);
        let [off_x, off_y] = [dx - along * along_x, dy - along * along_y];
        coverage((off_x * off_x + off_y * off_y).sqrt() - half_width)
    });
}

/// Where a shape lies: it is turned, stretched a little, scaled and moved.
struct Placement {
    centre: [f32; 2],
    turn: [f32; 2],
    radius: f32,
    stretch: f32,
}

impl Placement {
    /// With a radius in the range, in pixels, and so that little of the shape leaves the image.
    fn new(draws: &mut Draws, smallest: f32, largest: f32) -> Self {
        let radius = draws.between(smallest, largest);
        let margin = radius * 0.9;
        Self {
            centre: [0, 1].map(|_| draws.between(margin, SIDE as f32 - margin)),
            turn: tilt(draws),
            radius,
            stretch: draws.between(0.8, 1.25),
        }
    }

    fn paint(&self, label: usize, colour: [f32; 3], opacity: f32, canvas: &mut Canvas) {
        let [cosine, sine] = self.turn;
        // The farthest points are a corner's, at 1.28, and of those the stretched ones.
        let reach = 1.6 * self.radius + 1.0;
        canvas.paint(colour, self.centre, reach, |[px, py]| {
            let [dx, dy] = [px - self.centre[0], py - self.centre[1]];
            let x = (dx * cosine + dy * sine) / self.radius * self.stretch;
            let y = (dy * cosine - dx * sine) / self.radius / self.stretch;
            opacity * coverage(shapes::distance(label, [x, y]) * self.radius)
        });
    }
}

/// The cosine and sine of an angle between about -35° and 35°.
fn tilt(draws: &mut Draws) -> [f32; 2] {
    let slope = draws.between(-0.7, 0.7);
    let length = (1.0 + slope * slope).sqrt();
    [1.0 / length, slope / length]
}

/// Adds noise and stores the planes as bytes.
fn finish(draws: &mut Draws, canvas: &Canvas, image: &mut [u8]) {
    let noise = draws.between(0.01, 0.05);
    for (channel, plane) in image.chunks_exact_mut(PIXELS).enumerate() {
        for (byte, pixel) in plane.iter_mut().zip(&canvas.0) {
            // Colours keep away from the ends of the range, so that noise is rarely cut off.
            let value = 0.1 + 0.8 * pixel[channel] + noise * draws.noise();
            *byte = (value.clamp(0.0, 1.0) * 255.0 + 0.5) as u8;
        }
    }
}
