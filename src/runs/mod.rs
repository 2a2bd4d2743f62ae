//! Runs on disk: one folder each, holding
//!
//! | file | what | written |
//! | --- | --- | --- |
//! | `run.json` | the [`RunDescription`]: spec, versions, device, data fingerprint | aside, renamed |
//! | `labels.json` | the [`Labels`] the user gave: title, tags, note | aside, renamed |
//! | `events.jsonl` | every [`LoggedEvent`](crate::protocol::LoggedEvent), a line each | appended |
//! | `checkpoint.safetensors` | the latest state, everything needed to go on | aside, renamed |
//! | `best.safetensors` | the weights of the best epoch | aside, renamed |
//! | `lock` | held by the process that trains the run | |

pub mod description;

pub mod event_log;

pub mod event_tail;

pub mod history;

pub mod store;

pub mod state;

pub mod record;

pub mod filter;

pub mod decimation;

pub mod smoothing;

pub mod curve;

pub mod comparison;

pub mod reference;

pub mod differences;

pub mod results;

pub mod export;

#[cfg(test)]
pub(crate) mod sample;

pub use description::{Labels, RunDescription};
pub use history::RunHistory;
pub use store::{RunFolder, RunStore};
