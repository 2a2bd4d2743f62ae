//! Train CIFAR-10 ResNets in the terminal.
//!
//! One engine, two front ends. The modules stand in the order the data flows, and know only those
//! before them:
//!
//! ```text
//! config -> data -> augmentation -> model -> optimizer -> training ==TrainEvent==> runs, front ends
//!
//!   key -> app::update -> Cmd -> supervisor ==TrainControl==> training          (dashboard)
//!   signal -> headless ---------------------==TrainControl==> training          (`train`)
//! ```
//!
//! - [`training`] owns every tensor, on a thread of its own. It hears [`protocol::TrainControl`] and
//!   says [`protocol::TrainEvent`]; both are plain data.
//! - An event is in the run's log before anybody hears of it, and a checkpoint is on disk before it is
//!   announced. [`runs`] reads both back; [`runs::RunHistory`] is one fold over events for a live run
//!   and for one of last week.
//! - [`supervisor`] joins the two: it makes run folders, cuts a log back to its checkpoint, and puts
//!   trainers on threads.
//!
//! The numbers are those of the Keras CIFAR-10 ResNet example. Where a constant or an order of
//! operations looks arbitrary, it is that example's; the vectors in `tests/golden` hold it in place.

pub mod config;

pub mod data;

pub mod augmentation;

pub mod model;

pub mod optimizer;

pub mod protocol;

pub mod training;

pub mod runs;

pub mod supervisor;

pub mod monitor;

pub mod app;

pub mod views;

pub mod terminal;

pub mod cli;

pub mod signals;

pub mod headless;

pub mod commands;

pub mod durable;

pub mod native;

pub mod openmp;
