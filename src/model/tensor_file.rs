//! Safetensors files: named tensors and text metadata, as PyTorch and others read them.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};
use tch::{Device, Kind, Tensor};

/// Named tensors, in the order of their names.
pub type NamedTensors = BTreeMap<String, Tensor>;

/// The text beside the tensors.
pub type Metadata = HashMap<String, String>;

/// Reads a file; every tensor comes as f32 on the CPU.
///
/// # Errors
/// When the file cannot be read, is no safetensors file, or holds numbers that are no floats.
pub fn read(path: &Path) -> Result<(NamedTensors, Metadata)> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let broken = || format!("{} is not a whole safetensors file", path.display());
    let (_, header) = SafeTensors::read_metadata(&bytes).with_context(broken)?;
    let file = SafeTensors::deserialize(&bytes).with_context(broken)?;
    let mut tensors = NamedTensors::new();
    for (name, view) in file.tensors() {
        let kind = match view.dtype() {
            Dtype::F32 => Kind::Float,
            Dtype::F64 => Kind::Double,
            Dtype::F16 => Kind::Half,
            Dtype::BF16 => Kind::BFloat16,
            other => {
                return Err(anyhow!(
                    "{}: tensor `{name}` holds {other:?}; only floats can be weights",
                    path.display()
                ));
            }
        };
        let shape: Vec<i64> = view.shape().iter().map(|&size| size as i64).collect();
        let tensor = Tensor::f_from_data_size(view.data(), &shape, kind)
            .with_context(|| format!("{}: tensor `{name}` cannot be read", path.display()))?;
        tensors.insert(name, tensor.to_kind(Kind::Float));
    }
    Ok((tensors, header.metadata().clone().unwrap_or_default()))
}

/// Reads the metadata alone.
///
/// # Errors
/// As for [`read`].
pub fn read_metadata(path: &Path) -> Result<Metadata> {
    use std::io::Read;

    let failed = || format!("cannot read {}", path.display());
    let mut file = std::fs::File::open(path).with_context(failed)?;
    let mut length = [0; 8];
    file.read_exact(&mut length).with_context(failed)?;
    // The format limits headers to 100 MB; a longer one is a broken file.
    let length = u64::from_le_bytes(length).min(100_000_000);
    let mut header = Vec::new();
    file.take(length).read_to_end(&mut header).with_context(failed)?;
    #[derive(serde::Deserialize)]
    struct Header {
        #[serde(rename = "__metadata__", default)]
        metadata: Metadata,
    }
    let header: Header = serde_json::from_slice(&header)
        .with_context(|| format!("{} is not a whole safetensors file", path.display()))?;
    Ok(header.metadata)
}

/// The bytes of a file with these f32 tensors. The same content always gives the same bytes where
/// `metadata` has at most one entry.
///
/// # Errors
/// When a tensor is not f32.
pub fn encode(tensors: &NamedTensors, metadata: Metadata) -> Result<Vec<u8>> {
    let mut contents = Vec::with_capacity(tensors.len());
    for (name, tensor) in tensors {
        let tensor = tensor.to_device(Device::Cpu).contiguous();
        let count = tensor.numel();
        let mut bytes = vec![0; count * 4];
        if tensor.kind() != Kind::Float {
            return Err(anyhow!("tensor `{name}` is {:?}, not f32", tensor.kind()));
        }
        tensor.f_copy_data_u8(&mut bytes, count)?;
        let shape: Vec<usize> = tensor.size().iter().map(|&size| size as usize).collect();
        contents.push((name, shape, bytes));
    }
    let views = contents
        .iter()
        .map(|(name, shape, bytes)| Ok((name, TensorView::new(Dtype::F32, shape.clone(), bytes)?)))
        .collect::<Result<Vec<_>>>()?;
    Ok(serialize(views, Some(metadata))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tensors_and_metadata_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file.safetensors");
        let tensor = Tensor::from_slice(&[1f32, f32::MIN_POSITIVE, -0.0, f32::NAN]).view([2, 2]);
        let tensors = NamedTensors::from([("a.b".to_owned(), tensor)]);
        let metadata = Metadata::from([("key".to_owned(), "value".to_owned())]);
        let bytes = encode(&tensors, metadata.clone()).unwrap();
        assert_eq!(bytes, encode(&tensors, metadata.clone()).unwrap());
        std::fs::write(&path, &bytes).unwrap();
        let (read_tensors, read_metadata_too) = read(&path).unwrap();
        assert_eq!(read_metadata_too, metadata);
        assert_eq!(read_metadata(&path).unwrap(), metadata);
        assert_eq!(encode(&read_tensors, metadata).unwrap(), bytes);
        assert_eq!(read_tensors["a.b"].size(), [2, 2]);
    }

    #[test]
    fn a_broken_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("broken.safetensors");
        for bytes in [&b""[..], b"short", &[255; 64], b"\x02\0\0\0\0\0\0\0{]"] {
            std::fs::write(&path, bytes).unwrap();
            assert!(format!("{:#}", read(&path).unwrap_err()).contains("broken.safetensors"));
            assert!(format!("{:#}", read_metadata(&path).unwrap_err()).contains("broken.safe"));
        }
    }
}
