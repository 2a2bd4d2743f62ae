//! What the machine is doing: processor, memory and NVIDIA GPUs, sampled on a thread of its own.

use std::io;
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, TrySendError, bounded};
use nvml_wrapper::Nvml;
use nvml_wrapper::enum_wrappers::device::TemperatureSensor;
use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};

/// The machine at one moment. Memory is in bytes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sample {
    /// Load of all cores together since the sample before, 0 to 1.
    pub cpu_load: f64,
    /// Memory that this process holds.
    pub own_memory: u64,
    /// Memory in use by all processes.
    pub used_memory: u64,
    /// Memory of the machine.
    pub total_memory: u64,
    /// The NVIDIA GPUs in the driver's order; empty where there is none.
    pub gpus: Vec<GpuSample>,
}

/// A GPU at one moment. What its driver does not tell is `None`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GpuSample {
    /// The model, such as `NVIDIA H100 80GB HBM3`.
    pub name: String,
    /// Part of the time in which something ran on it, 0 to 1.
    pub load: Option<f64>,
    /// Memory in use by all processes, in bytes.
    pub used_memory: Option<u64>,
    /// Its memory, in bytes.
    pub total_memory: Option<u64>,
    /// Power draw in watts.
    pub power: Option<f64>,
    /// Temperature in °C.
    pub temperature: Option<u32>,
}

/// Samples every `interval` until the receiver is dropped. A listener that falls behind gets the
/// newest sample it left room for, and no backlog.
///
/// # Errors
/// When the operating system gives no thread.
pub fn spawn(interval: Duration) -> io::Result<Receiver<Sample>> {
    let (sender, samples) = bounded(1);
    thread::Builder::new().name("monitor".to_owned()).spawn(move || {
        let Ok(mut sources) = Sources::open() else { return };
        loop {
            // The load is a difference, so the first sample comes after the first interval.
            thread::sleep(interval);
            if let Err(TrySendError::Disconnected(_)) = sender.try_send(sources.sample()) {
                return;
            }
        }
    })?;
    Ok(samples)
}

struct Sources {
    system: System,
    own: Option<Pid>,
    /// Absent where no NVIDIA driver is installed.
    nvml: Option<Nvml>,
}

impl Sources {
    fn open() -> Result<Self, sysinfo::Error> {
        let mut system = System::new()?;
        system.refresh_cpu_usage();
        Ok(Self { system, own: sysinfo::get_current_pid().ok(), nvml: Nvml::init().ok() })
    }

    fn sample(&mut self) -> Sample {
        self.system.refresh_cpu_usage();
        self.system.refresh_memory();
        let own_memory = self.own.and_then(|own| {
            let only = ProcessRefreshKind::nothing().with_memory();
            self.system.refresh_processes_specifics(ProcessesToUpdate::Some(&[own]), false, only);
            Some(self.system.process(own)?.memory())
        });
        Sample {
            cpu_load: f64::from(self.system.global_cpu_usage()) / 100.0,
            own_memory: own_memory.unwrap_or(0),
            used_memory: self.system.used_memory(),
            total_memory: self.system.total_memory(),
            gpus: self.nvml.as_ref().map(gpus).unwrap_or_default(),
        }
    }
}

fn gpus(nvml: &Nvml) -> Vec<GpuSample> {
    let count = nvml.device_count().unwrap_or(0);
    let devices = (0..count).filter_map(|index| nvml.device_by_index(index).ok());
    devices
        .map(|device| {
            let memory = device.memory_info().ok();
            GpuSample {
                name: device.name().unwrap_or_else(|_| "NVIDIA GPU".to_owned()),
                load: device.utilization_rates().ok().map(|rates| f64::from(rates.gpu) / 100.0),
                used_memory: memory.as_ref().map(|memory| memory.used),
                total_memory: memory.as_ref().map(|memory| memory.total),
                power: device.power_usage().ok().map(|milliwatts| f64::from(milliwatts) / 1000.0),
                temperature: device.temperature(TemperatureSensor::Gpu).ok(),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_of_this_machine_and_process() {
        let sample = spawn(Duration::from_millis(50)).unwrap().recv().unwrap();
        assert!((0.0..=1.0).contains(&sample.cpu_load), "{sample:?}");
        assert!(sample.own_memory > 1 << 20, "{sample:?}");
        assert!(sample.own_memory < sample.total_memory, "{sample:?}");
        assert!(sample.used_memory <= sample.total_memory, "{sample:?}");
        for gpu in &sample.gpus {
            assert!(gpu.used_memory <= gpu.total_memory, "{gpu:?}");
        }
    }

    #[test]
    fn a_listener_that_falls_behind_gets_no_backlog() {
        let samples = spawn(Duration::from_millis(1)).unwrap();
        samples.recv().unwrap();
        thread::sleep(Duration::from_millis(50));
        assert!(samples.len() <= 1);
    }
}
