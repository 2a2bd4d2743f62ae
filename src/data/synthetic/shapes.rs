//! The ten shapes, as signed distances: negative inside, positive outside.
//!
//! Each fills about the circle of radius 1 around the origin. Formulas after Inigo Quilez, "2D distance
//! functions" (<https://iquilezles.org/articles/distfunctions2d/>); some are only bounds of the distance away
//! from the edge, which is all that drawing needs.

use super::super::CLASSES;

/// The names of the classes, in the order of their labels. None changes its class when mirrored or turned.
pub const CLASS_NAMES: [&str; CLASSES] = [
    "disc",
    "ring",
    "half disc",
    "crescent",
    "square",
    "bar",
    "triangle",
    "star",
    "cross",
    "corner",
];

/// The distance of a point from the edge of the shape with this label.
pub(super) fn distance(label: usize, point: [f32; 2]) -> f32 {
    let [x, y] = point;
    match label {
        0 => circle(point, 0.9),
        1 => (circle(point, 0.75)).abs() - 0.22,
        2 => circle([x, y - 0.45], 1.0).max(y - 0.45),
        3 => circle(point, 1.0).max(-circle([x - 0.5, y], 0.85)),
        4 => rectangle(point, [0.78, 0.78]),
        5 => rectangle(point, [1.05, 0.36]),
        6 => triangle(point),
        7 => star(point),
        8 => rectangle(point, [1.0, 0.3]).min(rectangle(point, [0.3, 1.0])),
        _ => rectangle([x, y - 0.6], [0.9, 0.3]).min(rectangle([x + 0.6, y], [0.3, 0.9])),
    }
}

fn length([x, y]: [f32; 2]) -> f32 {
    (x * x + y * y).sqrt()
}

fn circle(point: [f32; 2], radius: f32) -> f32 {
    length(point) - radius
}

fn rectangle([x, y]: [f32; 2], [half_width, half_height]: [f32; 2]) -> f32 {
    let [dx, dy] = [x.abs() - half_width, y.abs() - half_height];
    length([dx.max(0.0), dy.max(0.0)]) + dx.max(dy).min(0.0)
}

/// Equilateral, with its corners at 1.1.
fn triangle([x, y]: [f32; 2]) -> f32 {
    const HALF_ROOT_3: f32 = 0.866_025_4;
    (HALF_ROOT_3 * x.abs() + 0.5 * y).max(-y) - 0.55
}

/// Five-pointed, with its points at 1.1.
fn star([x, y]: [f32; 2]) -> f32 {
    const POINTS: f32 = 1.1;
    const INNER: f32 = 0.45;
    // Unit vectors across the mirror lines; two reflections fold all points of the star onto one.
    const FIRST: [f32; 2] = [0.809_017, -0.587_785_25];
    const SECOND: [f32; 2] = [-0.809_017, -0.587_785_25];
    let fold = |[x, y]: [f32; 2], [kx, ky]: [f32; 2]| {
        let beyond = 2.0 * (kx * x + ky * y).max(0.0);
        [x - beyond * kx, y - beyond * ky]
    };
    let [x, y] = fold(fold([x.abs(), y], FIRST), SECOND);
    let [x, y] = [x.abs(), y - POINTS];
    let [edge_x, edge_y] = [-FIRST[1] * INNER, FIRST[0] * INNER - 1.0];
    let along = (x * edge_x + y * edge_y) / (edge_x * edge_x + edge_y * edge_y);
    let along = along.clamp(0.0, POINTS);
    let nearest = length([x - edge_x * along, y - edge_y * along]);
    if y * edge_x > x * edge_y { nearest } else { -nearest }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The shape on 40×40 points of the square from -1.3 to 1.3.
    fn picture(label: usize) -> Vec<bool> {
        let coordinate = |index: usize| (index as f32 + 0.5) / 40.0 * 2.6 - 1.3;
        (0..1600)
            .map(|index| distance(label, [coordinate(index % 40), coordinate(index / 40)]) < 0.0)
            .collect()
    }

    #[test]
    fn each_shape_is_of_middling_size_and_unlike_every_other() {
        let pictures: Vec<_> = (0..CLASSES).map(picture).collect();
        for (label, picture) in pictures.iter().enumerate() {
            let filled = picture.iter().filter(|inside| **inside).count();
            assert!((200..700).contains(&filled), "{}: {filled}", CLASS_NAMES[label]);
            for (other, other_picture) in pictures.iter().enumerate().skip(label + 1) {
                let differing = picture.iter().zip(other_picture).filter(|(a, b)| a != b).count();
                let names = (CLASS_NAMES[label], CLASS_NAMES[other]);
                assert!(differing > 100, "{names:?} differ at {differing} points");
            }
        }
    }

    #[test]
    fn points_known_to_be_inside_or_outside_are() {
        let inside = |label, point| distance(label, point) < 0.0;
        assert!(!inside(1, [0.0, 0.0]) && inside(1, [0.0, 0.75]), "a ring has a hole");
        assert!(inside(7, [0.0, 1.0]) && !inside(7, [0.0, -1.0]), "a star stands on two points");
        assert!(inside(8, [0.0, 0.9]) && !inside(8, [0.6, 0.6]), "a cross has empty corners");
        assert!(inside(3, [-0.8, 0.0]) && !inside(3, [0.3, 0.0]), "a crescent is open");
        assert!(inside(9, [-0.6, -0.8]) && !inside(9, [0.5, -0.5]), "a corner has two arms");
    }
}
