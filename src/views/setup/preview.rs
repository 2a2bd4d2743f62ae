//! The beginning of the first batch as it would be trained on.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Paragraph, Wrap};

use crate::app::App;
use crate::app::preview::PreviewPanel;
use crate::config::theme::Role;
use crate::data::class_names;
use crate::training::preview::Preview;
use crate::views::pictures;

/// Draws the pictures, as many as fit, or why there are none.
pub fn draw(frame: &mut Frame, area: Rect, app: &App, panel: &PreviewPanel) {
    let say = |frame: &mut Frame, text: &str, role| {
        let text = Line::styled(text.to_owned(), app.theme.style(role));
        frame.render_widget(Paragraph::new(text).wrap(Wrap { trim: true }), area);
    };
    if !app.theme.pictures() {
        say(frame, "Pictures need a terminal with many colours and block characters.", Role::Dim);
        return;
    }
    match &panel.answer {
        None => say(frame, "reading the images…", Role::Dim),
        Some(Err(reason)) => say(frame, reason, Role::Bad),
        Some(Ok(preview)) => draw_batch(frame, area, app, panel, preview),
    }
}

fn draw_batch(frame: &mut Frame, area: Rect, app: &App, panel: &PreviewPanel, preview: &Preview) {
    let heading = match (panel.waiting, preview.request.spec.data_augmentation) {
        (true, _) => "first batch: updating…",
        (false, true) if preview.stretched => "first batch, augmented, grey levels stretched",
        (false, true) => "first batch, augmented",
        (false, false) => "first batch, not augmented",
    };
    frame.render_widget(Line::styled(heading, app.theme.style(Role::Dim)), area);
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    // Whole pixels where four of them fit.
    let fits = |scale| {
        let across = body.width / (pictures::width(scale) + 1);
        across * (body.height / (pictures::height(scale) + 1))
    };
    let scale = if fits(1) >= 4 { 1 } else { 2 };
    let (width, height) = (pictures::width(scale), pictures::height(scale));
    let across = usize::from(((body.width + 1) / (width + 1)).max(1));
    let names = class_names(preview.request.spec.data.source);
    for (index, image) in preview.images.iter().enumerate() {
        let x = body.x + (index % across) as u16 * (width + 1);
        let y = body.y + (index / across) as u16 * (height + 1);
        if y + height > body.bottom() {
            break;
        }
        let place = Rect { x, y, width, height }.intersection(body);
        pictures::draw(&image.augmented, place, frame.buffer_mut(), scale);
        let name = names.get(image.class).copied().unwrap_or_default();
        let below = Rect { x, y: y + height, width, height: 1 }.intersection(body);
        frame.render_widget(Line::styled(name, app.theme.style(Role::Dim)), below);
    }
}
