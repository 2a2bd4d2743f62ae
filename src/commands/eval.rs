//! `eval`: saved weights on the test images.

use std::path::Path;

use anyhow::Result;

use super::{Failure, check, print};
use crate::cli::EvalArgs;
use crate::config::Config;
use crate::config::run::RunSpec;
use crate::runs::RunFolder;
use crate::training::evaluation::evaluate_file;
use crate::training::worker::catch;

/// Measures saved weights and prints the result.
///
/// # Errors
/// When the weights or the images cannot be used.
pub fn run(args: EvalArgs, config: Config) -> Result<(), Failure> {
    let mut spec = match recipe_beside(&args.weights)? {
        // Where to compute is this machine's affair.
        Some(recipe) => {
            RunSpec { device: config.run.device, threads: config.run.threads, ..recipe }
        }
        None => config.run,
    };
    args.model.apply(&mut spec);
    args.data.apply(&mut spec);
    args.device.apply(&mut spec);
    if let Some(images) = args.batch_size {
        spec.batch_size = images;
    }
    spec.flip_evaluation |= args.flip_evaluation;
    if let Some(part) = args.validation_split {
        spec.validation_split = part;
    }
    check(&spec)?;
    config.folders.complete(&mut spec.data)?;
    let result = catch(|| evaluate_file(&spec, &args.weights, args.logits.as_deref()))?;
    if args.json {
        let json = serde_json::to_string(&result).map_err(|error| Failure::Failed(error.into()))?;
        return print(&format!("{json}\n"));
    }
    let flip = result.accuracy_flip.map_or(String::new(), |accuracy| {
        format!(" ({:.2} % with mirror images)", 100.0 * accuracy)
    });
    print(&format!(
        "{} on {} test images: accuracy {:.2} %{flip}, loss {:.4}, cross-entropy {:.4}\n",
        spec.architecture(),
        result.images,
        100.0 * result.accuracy,
        result.loss,
        result.cross_entropy,
    ))
}

/// The recipe that made the weights, where they lie in the folder of their run: the mean image, for one,
/// is that of the images that were not held out.
fn recipe_beside(weights: &Path) -> Result<Option<RunSpec>> {
    let folder = weights.parent().filter(|folder| !folder.as_os_str().is_empty());
    let run = RunFolder::at(folder.unwrap_or(Path::new(".")));
    run.map(|run| Ok(run.description()?.spec)).transpose()
}
