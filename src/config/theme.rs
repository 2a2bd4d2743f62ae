//! Colours and symbols of the dashboard.

use std::collections::BTreeMap;

use ratatui::style::{Color, Modifier, Style};
use serde::{Deserialize, Serialize};

use super::interface::InterfaceConfig;

/// A set of colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Palette {
    /// For a dark background.
    #[default]
    Dark,
    /// For a light background.
    Light,
    /// The terminal's own sixteen colours.
    #[serde(rename = "16-colours")]
    Sixteen,
    /// The colours of Okabe and Ito, which colour-blind eyes tell apart.
    ColourBlind,
}

/// What a colour is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Names, units and hints.
    Dim,
    /// What is selected or can be pressed.
    Accent,
    /// Frames and axes.
    Frame,
    /// Going well.
    Good,
    /// Waiting, or worth a look.
    Warning,
    /// Broken.
    Bad,
    /// Curves of the training set.
    Train,
    /// Curves of the test set.
    Test,
    /// The learning rate.
    LearningRate,
    /// Times.
    Time,
    /// Figures from the literature.
    Reference,
}

/// How curves are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Marker {
    /// Eight dots a cell.
    #[default]
    Braille,
    /// Two blocks a cell, for fonts without braille.
    HalfBlock,
    /// One dot a cell.
    Dot,
    /// Characters of ASCII alone.
    Ascii,
}

/// The colours and symbols in use.
#[derive(Clone, Debug, PartialEq)]
pub struct Theme {
    palette: Palette,
    changes: BTreeMap<Role, Color>,
    colour: bool,
    marker: Marker,
    ascii: bool,
}

impl Theme {
    /// The theme of a configuration; without any colour where `NO_COLOR` is set.
    pub fn new(config: &InterfaceConfig, no_colour: bool) -> Self {
        Self {
            palette: config.palette,
            changes: config.colours.iter().map(|(role, colour)| (*role, colour.0)).collect(),
            colour: !no_colour,
            marker: if config.ascii { Marker::Ascii } else { config.marker },
            ascii: config.ascii,
        }
    }

    /// How curves are drawn.
    pub fn marker(&self) -> Marker {
        self.marker
    }

    /// Whether only characters of ASCII may be used.
    pub fn ascii(&self) -> bool {
        self.ascii
    }

    /// Whether pictures can be drawn: their colours are many, and they are drawn with half blocks.
    pub fn pictures(&self) -> bool {
        self.colour && !self.ascii && self.palette != Palette::Sixteen
    }

    /// The style for a purpose. What colour says is also said in words or by weight.
    pub fn style(&self, role: Role) -> Style {
        let modifier = match role {
            Role::Accent | Role::Good | Role::Warning | Role::Bad => Modifier::BOLD,
            Role::Dim | Role::Frame if !self.colour => Modifier::DIM,
            _ => Modifier::empty(),
        };
        let style = Style::new().add_modifier(modifier);
        if self.colour { style.fg(self.colour_of(role)) } else { style }
    }

    /// The style of what is selected, over whatever it had.
    pub fn selected(&self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// The style of values the user changed.
    pub fn changed(&self) -> Style {
        self.style(Role::Accent)
    }

    /// The style of the run in this place of the table of run colours, which goes round.
    pub fn run(&self, place: usize) -> Style {
        let colours = match self.palette {
            Palette::Dark => &RUNS_ON_DARK,
            Palette::Light => &RUNS_ON_LIGHT,
            Palette::Sixteen => &RUNS_OF_SIXTEEN,
            Palette::ColourBlind => &RUNS_OF_OKABE_AND_ITO,
        };
        match colours.get(place % colours.len()) {
            Some(colour) if self.colour => Style::new().fg(*colour),
            _ => Style::new(),
        }
    }

    fn colour_of(&self, role: Role) -> Color {
        let chosen = self.changes.get(&role).copied();
        chosen.unwrap_or_else(|| match self.palette {
            Palette::Dark => dark(role),
            Palette::Light => light(role),
            Palette::Sixteen => sixteen(role),
            Palette::ColourBlind => colour_blind(role),
        })
    }
}

/// Colours that tell runs apart.
const RUNS_ON_DARK: [Color; 8] = [
    Color::Rgb(110, 190, 255),
    Color::Rgb(240, 170, 90),
    Color::Rgb(126, 211, 133),
    Color::Rgb(235, 120, 180),
    Color::Rgb(235, 215, 110),
    Color::Rgb(180, 150, 250),
    Color::Rgb(100, 215, 215),
    Color::Rgb(240, 125, 115),
];

const RUNS_ON_LIGHT: [Color; 8] = [
    Color::Rgb(0, 95, 190),
    Color::Rgb(190, 90, 0),
    Color::Rgb(20, 120, 40),
    Color::Rgb(175, 25, 110),
    Color::Rgb(125, 105, 0),
    Color::Rgb(100, 50, 180),
    Color::Rgb(0, 120, 125),
    Color::Rgb(185, 25, 25),
];

const RUNS_OF_SIXTEEN: [Color; 8] = [
    Color::Blue,
    Color::Yellow,
    Color::Green,
    Color::Magenta,
    Color::Cyan,
    Color::Red,
    Color::LightBlue,
    Color::LightMagenta,
];

const RUNS_OF_OKABE_AND_ITO: [Color; 8] = [
    Color::Rgb(86, 180, 233),
    Color::Rgb(230, 159, 0),
    Color::Rgb(0, 158, 115),
    Color::Rgb(204, 121, 167),
    Color::Rgb(240, 228, 66),
    Color::Rgb(0, 114, 178),
    Color::Rgb(213, 94, 0),
    Color::Rgb(190, 190, 190),
];

fn dark(role: Role) -> Color {
    match role {
        Role::Dim => Color::Rgb(138, 143, 152),
        Role::Accent => Color::Rgb(122, 200, 255),
        Role::Frame => Color::Rgb(92, 99, 112),
        Role::Good => Color::Rgb(126, 211, 133),
        Role::Warning => Color::Rgb(240, 198, 116),
        Role::Bad => Color::Rgb(244, 122, 122),
        Role::Train => Color::Rgb(240, 170, 90),
        Role::Test => Color::Rgb(110, 190, 255),
        Role::LearningRate => Color::Rgb(200, 160, 245),
        Role::Time => Color::Rgb(130, 210, 190),
        Role::Reference => Color::Rgb(160, 160, 110),
    }
}

fn light(role: Role) -> Color {
    match role {
        Role::Dim => Color::Rgb(100, 105, 112),
        Role::Accent => Color::Rgb(0, 92, 175),
        Role::Frame => Color::Rgb(150, 155, 162),
        Role::Good => Color::Rgb(20, 120, 40),
        Role::Warning => Color::Rgb(150, 95, 0),
        Role::Bad => Color::Rgb(185, 25, 25),
        Role::Train => Color::Rgb(190, 90, 0),
        Role::Test => Color::Rgb(0, 95, 190),
        Role::LearningRate => Color::Rgb(120, 50, 170),
        Role::Time => Color::Rgb(0, 120, 110),
        Role::Reference => Color::Rgb(110, 110, 40),
    }
}

fn sixteen(role: Role) -> Color {
    match role {
        Role::Dim | Role::Frame => Color::DarkGray,
        Role::Accent | Role::Time => Color::Cyan,
        Role::Good => Color::Green,
        Role::Warning | Role::Train => Color::Yellow,
        Role::Bad => Color::Red,
        Role::Test => Color::Blue,
        Role::LearningRate => Color::Magenta,
        Role::Reference => Color::Gray,
    }
}

fn colour_blind(role: Role) -> Color {
    match role {
        Role::Dim => Color::Rgb(138, 143, 152),
        Role::Accent | Role::Test => Color::Rgb(86, 180, 233),
        Role::Frame => Color::Rgb(92, 99, 112),
        Role::Good | Role::Time => Color::Rgb(0, 158, 115),
        Role::Warning | Role::Reference => Color::Rgb(240, 228, 66),
        Role::Bad => Color::Rgb(213, 94, 0),
        Role::Train => Color::Rgb(230, 159, 0),
        Role::LearningRate => Color::Rgb(204, 121, 167),
    }
}

/// A colour as the configuration spells it: a name, a number from 0 to 255, or `#rrggbb`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ColourValue(Color);

impl TryFrom<String> for ColourValue {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse().map(Self).map_err(|_| {
            format!("`{text}` is not a colour; use a name such as blue, 0 to 255, or #rrggbb")
        })
    }
}

impl From<ColourValue> for String {
    fn from(value: ColourValue) -> Self {
        value.0.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> InterfaceConfig {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn without_colour_weight_remains() {
        let theme = Theme::new(&config("palette = \"light\""), true);
        for role in [Role::Dim, Role::Accent, Role::Bad, Role::Train] {
            assert_eq!((theme.style(role).fg, theme.style(role).bg), (None, None));
        }
        assert!(theme.style(Role::Bad).add_modifier.contains(Modifier::BOLD));
        assert!(theme.selected().add_modifier.contains(Modifier::REVERSED));
    }

    #[test]
    fn one_colour_can_be_changed() {
        let theme = Theme::new(&config("colours = { train = \"#010203\" }"), false);
        assert_eq!(theme.style(Role::Train).fg, Some(Color::Rgb(1, 2, 3)));
        assert_eq!(theme.style(Role::Test).fg, Some(dark(Role::Test)));
        let error = toml::from_str::<InterfaceConfig>("colours = { train = \"bleu\" }");
        assert!(error.unwrap_err().to_string().contains("`bleu` is not a colour"));
    }

    #[test]
    fn ascii_wins_over_the_marker() {
        let theme = Theme::new(&config("ascii = true\nmarker = \"braille\""), false);
        assert_eq!(theme.marker(), Marker::Ascii);
    }
}
