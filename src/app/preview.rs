//! The pictures of a batch on the Setup screen, and when to ask for new ones.

use crate::config::run::RunSpec;
use crate::training::preview::{Preview, PreviewRequest};

/// Images asked for; a screen shows as many as fit.
const IMAGES: u32 = 16;

/// The pictures and what they were asked for with.
#[derive(Clone, Debug, Default)]
pub struct PreviewPanel {
    /// The latest answer: the images, or why there are none.
    pub answer: Option<Result<Preview, String>>,
    /// The latest request.
    pub asked: Option<PreviewRequest>,
    /// Whether the latest request has no answer yet.
    pub waiting: bool,
}

impl PreviewPanel {
    /// The request for a recipe's pictures, unless they are on their way or there. Values that are
    /// out of range wait until they are corrected.
    pub fn request(&mut self, spec: &RunSpec) -> Option<PreviewRequest> {
        let request = PreviewRequest { spec: spec.clone(), images: IMAGES, epoch: 0 };
        if self.asked.as_ref() == Some(&request) || !spec.problems().is_empty() {
            return None;
        }
        self.asked = Some(request.clone());
        self.waiting = true;
        Some(request)
    }

    /// Takes an answer in. One that was overtaken is shown, but does not end the waiting.
    pub fn take(&mut self, answer: Result<Preview, String>) {
        self.waiting = match (&answer, &self.asked) {
            (Ok(preview), Some(asked)) => {
                let mut spec = preview.request.spec.clone();
                // Named where the request named none.
                spec.data.folder.clone_from(&asked.spec.data.folder);
                spec != asked.spec
            }
            _ => false,
        };
        self.answer = Some(answer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(spec: &RunSpec) -> Result<Preview, String> {
        let mut spec = spec.clone();
        spec.data.folder = "/data".into();
        let request = PreviewRequest { spec, images: IMAGES, epoch: 0 };
        Ok(Preview { request, images: Vec::new(), stretched: false })
    }

    #[test]
    fn a_recipe_is_asked_for_once_and_an_overtaken_answer_ends_no_waiting() {
        let mut panel = PreviewPanel::default();
        let first = RunSpec::default();
        assert!(panel.request(&first).is_some());
        assert!(panel.request(&first).is_none());
        let second = RunSpec { seed: 2, ..first.clone() };
        assert!(panel.request(&second).is_some());
        panel.take(answer(&first));
        assert!(panel.waiting);
        panel.take(answer(&second));
        assert!(!panel.waiting);
        assert!(panel.request(&RunSpec { n: 0, ..second }).is_none(), "out of range");
    }
}
