//! The command palette, and the lists of models and set-ups that Setup opens.

use super::App;
use super::fields::{self, default_run};
use super::format;
use super::picker::{Choice, Picker, PickerRow};
use crate::config::keys::{Action, BINDINGS, Key};
use crate::config::run::{Architecture, DataSource, PrecisionChoice, RunSpec};
use crate::estimate::{self, Hardware, Measurement};
use crate::model::Network;
use crate::model::cost::Cost;
use crate::model::summary;
use crate::runs::reference;

/// What the estimates of the list of models are made from.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    /// Where the run of the form would be trained; `None` where its device is not there.
    pub hardware: Option<Hardware>,
    /// The speeds of the runs on disk.
    pub speeds: Vec<Measurement>,
}

/// Images of an epoch on CIFAR-10.
const CIFAR10_IMAGES: u32 = 50_000;

/// Everything that can be done, by name. What belongs to a screen shows it first.
pub fn palette(app: &App) -> Picker {
    let moves = [
        Action::Up,
        Action::Down,
        Action::Left,
        Action::Right,
        Action::PageUp,
        Action::PageDown,
        Action::First,
        Action::Last,
        Action::Accept,
        Action::Back,
        Action::Palette,
    ];
    let rows = BINDINGS.iter().filter(|binding| !moves.contains(&binding.action)).map(|binding| {
        let keys: Vec<String> =
            app.keymap.keys(binding.action).iter().map(Key::to_string).collect();
        let name = format!("{}: {}", binding.scope.title(), binding.help);
        PickerRow {
            text: format!("{:<10} {name}", keys.join(" ")),
            choice: Choice::Action(binding.action),
        }
    });
    Picker::new("Commands", String::new(), rows.collect())
}

/// The document's models with what they take.
pub fn models(spec: &RunSpec, measured: &Measured) -> Picker {
    let rows = reference::architectures()
        .map(|model| PickerRow {
            text: model_text(model, spec, measured),
            choice: Choice::Model(model),
        })
        .collect();
    let heading = format!(
        "{:<13} {:>5} {:>11} {:>8} {:>10}",
        "model", "depth", "parameters", "s/epoch", "memory"
    );
    Picker::new("Models", heading, rows)
}

fn model_text(model: Architecture, spec: &RunSpec, measured: &Measured) -> String {
    let network = Network::new(model);
    let parameters = summary::counts(&network).total;
    let seconds = measured.hardware.as_ref().and_then(|hardware| {
        let images = u64::from(train_images(spec));
        estimate::seconds_per_epoch(&measured.speeds, hardware, model, spec.batch_size, images)
    });
    let seconds =
        seconds.map_or("-".to_owned(), |estimate| format!("~{:.0}", estimate.seconds_per_epoch));
    format!(
        "{:<13} {:>5} {:>11} {:>8} {:>10}",
        model.to_string(),
        model.depth(),
        format::thousands(parameters.unsigned_abs()),
        seconds,
        memory(&network, spec, measured)
    )
}

/// Images trained on in an epoch.
pub fn train_images(spec: &RunSpec) -> u32 {
    let all = match spec.data.source {
        DataSource::Cifar10 => CIFAR10_IMAGES,
        DataSource::Synthetic => spec.data.synthetic_train_images,
    };
    all - (f64::from(all) * spec.validation_split.clamp(0.0, 1.0)) as u32
}

/// Activations, parameters with gradients and moments, and the images.
fn memory(network: &Network, spec: &RunSpec, measured: &Measured) -> String {
    let half = match (spec.precision, &measured.hardware) {
        (PrecisionChoice::Bf16, _) => true,
        (PrecisionChoice::Auto, Some(hardware)) => hardware.precision == "bf16",
        _ => false,
    };
    let activations = Cost::of(network).activation_bytes(spec.batch_size, if half { 2 } else { 4 });
    let parameters = 16 * network.layout.parameter_numel().unsigned_abs();
    let images = u64::from(train_images(spec)) * crate::data::IMAGE_BYTES as u64;
    let gigabytes = (activations + parameters + images) as f64 / 1e9;
    format!("~{gigabytes:.2} GB")
}

/// Saved set-ups, then those of the latest runs.
pub fn set_ups(presets: &[String], recent: &[RunSpec]) -> Picker {
    let saved = presets.iter().map(|name| PickerRow {
        text: format!("preset  {name}"),
        choice: Choice::Preset(name.clone()),
    });
    let recent = recent.iter().map(|spec| PickerRow {
        text: format!("recent  {}", describe(spec)),
        choice: Choice::SetUp(Box::new(spec.clone())),
    });
    Picker::new("Set-ups", String::new(), saved.chain(recent).collect())
}

/// A set-up in a line: the model, then every value that is not the default.
fn describe(spec: &RunSpec) -> String {
    let mut text = spec.architecture().to_string();
    let default = default_run(spec);
    for field in fields::all().filter(|field| field.is_changed(spec, &default)) {
        if !["model", "arch", "n"].contains(&field.key) {
            text += &format!(", {} {}", field.label(), (field.get)(spec));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::run::Version;

    #[test]
    fn the_models_have_depth_parameters_and_estimates() {
        let hardware = Hardware { device_name: "p".to_owned(), precision: "fp32".to_owned() };
        let speed = Measurement {
            architecture: Architecture { version: Version::V1, n: 3 },
            hardware: hardware.clone(),
            batch_size: 32,
            seconds_per_image: 0.001,
        };
        let measured = Measured { hardware: Some(hardware), speeds: vec![speed] };
        let picker = models(&RunSpec::default(), &measured);
        let text = &picker.rows[0].text;
        assert_eq!(text, "ResNet20v1       20     274,442      ~50   ~0.21 GB");
        assert_eq!(picker.rows.len(), reference::architectures().count());
        let unknown = models(&RunSpec::default(), &Measured::default());
        assert!(unknown.rows[0].text.contains(" - "), "nothing measured, nothing claimed");
    }

    #[test]
    fn a_set_up_names_what_is_not_the_default() {
        let spec = RunSpec { n: 5, seed: 7, ..RunSpec::default() };
        let picker = set_ups(&["mine".to_owned()], &[spec]);
        let texts: Vec<&str> = picker.rows.iter().map(|row| row.text.as_str()).collect();
        assert_eq!(texts, ["preset  mine", "recent  ResNet32v1, seed 7"]);
    }
}
