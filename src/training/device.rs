//! Where to train and in which number format.

use anyhow::{Result, bail};
use sysinfo::System;
use tch::{Device, Kind};

use super::worker::Decided;
use crate::config::run::{DeviceChoice, PrecisionChoice};
use crate::native::{self, Cuda};

/// The libtorch that tch 0.24 is made for.
pub const LIBTORCH_VERSION: &str = "2.11.0";

/// The number format of activations and convolutions, decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// 32-bit floats.
    Fp32,
    /// bf16 activations, f32 master weights.
    Bf16,
}

impl Precision {
    /// The precision of a run: the one decided when it first began, else what its choice means.
    pub fn of_run(decided: Option<&Decided>, choice: PrecisionChoice, device: Device) -> Self {
        match decided.map(|decided| decided.precision.as_str()) {
            Some("bf16") => Self::Bf16,
            Some(_) => Self::Fp32,
            None => precision(choice, device),
        }
    }

    /// The kind of the activations.
    pub fn kind(self) -> Kind {
        match self {
            Self::Fp32 => Kind::Float,
            Self::Bf16 => Kind::BFloat16,
        }
    }

    /// The name in files and on screens.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fp32 => "fp32",
            Self::Bf16 => "bf16",
        }
    }
}

/// The device that a choice means on this machine.
///
/// # Errors
/// When a GPU was asked for that this machine does not have, with the reason.
pub fn resolve(choice: DeviceChoice) -> Result<Device> {
    let cuda = native::load_cuda();
    match (choice, cuda) {
        (DeviceChoice::Auto, Cuda::Ready(_)) => Ok(Device::Cuda(0)),
        (DeviceChoice::Auto, _) if tch::utils::has_mps() => Ok(Device::Mps),
        (DeviceChoice::Auto | DeviceChoice::Cpu, _) => Ok(Device::Cpu),
        (DeviceChoice::Cuda(index), Cuda::Ready(count)) if index < *count => {
            Ok(Device::Cuda(index))
        }
        (DeviceChoice::Cuda(index), Cuda::Ready(count)) => {
            bail!("there is no GPU {index}: this machine has {count}, counted from 0")
        }
        (DeviceChoice::Cuda(_), Cuda::Unavailable(reason)) => {
            bail!("CUDA cannot be used: {reason}; `--device cpu` trains without a GPU")
        }
        (DeviceChoice::Mps, _) if tch::utils::has_mps() => Ok(Device::Mps),
        (DeviceChoice::Mps, _) => bail!("this machine has no Apple GPU; `--device cpu` works"),
    }
}

/// The precision that a choice means on a device: bf16 only where the hardware multiplies it natively.
pub fn precision(choice: PrecisionChoice, device: Device) -> Precision {
    match choice {
        PrecisionChoice::Fp32 => Precision::Fp32,
        PrecisionChoice::Bf16 => Precision::Bf16,
        PrecisionChoice::Auto if device == Device::Cpu && cpu_multiplies_bf16() => Precision::Bf16,
        PrecisionChoice::Auto => Precision::Fp32,
    }
}

#[cfg(target_arch = "x86_64")]
fn cpu_multiplies_bf16() -> bool {
    std::arch::is_x86_feature_detected!("avx512bf16")
}

#[cfg(not(target_arch = "x86_64"))]
fn cpu_multiplies_bf16() -> bool {
    false
}

/// The device as flags spell it.
pub fn name(device: Device) -> String {
    match device {
        Device::Cpu | Device::Vulkan => "cpu".to_owned(),
        Device::Cuda(index) => format!("cuda:{index}"),
        Device::Mps => "mps".to_owned(),
    }
}

/// What the device calls itself, such as the processor's model.
pub fn hardware_name(device: Device) -> String {
    match device {
        Device::Cpu | Device::Vulkan => {
            let cpus = System::new().map(|mut system| {
                system.refresh_cpu_list(sysinfo::CpuRefreshKind::nothing());
                let brand = system.cpus().first().map(|cpu| cpu.brand().trim().to_owned());
                (brand, system.cpus().len())
            });
            match cpus {
                Ok((Some(brand), cores)) => format!("{brand}, {cores} cores"),
                _ => "processor".to_owned(),
            }
        }
        Device::Cuda(index) => std::fs::read_dir("/proc/driver/nvidia/gpus")
            .ok()
            .and_then(|entries| {
                let mut folders: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
                folders.sort();
                let text = std::fs::read_to_string(folders.get(index)?.join("information")).ok()?;
                let model = text.lines().find_map(|line| line.strip_prefix("Model:"))?;
                Some(model.trim().to_owned())
            })
            .unwrap_or_else(|| "NVIDIA GPU".to_owned()),
        Device::Mps => "Apple GPU".to_owned(),
    }
}
