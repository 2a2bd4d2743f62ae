//! Builds `native/` against libtorch's own headers, and tells the binary where to find libtorch at run
//! time.
//!
//! torch-sys links libtorch but its run path does not reach the final binary, so it is set here: the
//! folder the build used, and the folder beside the binary for one that was moved together with it.

use std::env;
use std::path::{Path, PathBuf};

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=native");
    build_native();
    set_run_path();
}

/// Where torch-sys takes libtorch from, too.
fn libtorch(part: &str) -> PathBuf {
    let own = format!("LIBTORCH_{part}");
    println!("cargo:rerun-if-env-changed={own}");
    println!("cargo:rerun-if-env-changed=LIBTORCH");
    env::var_os(own).or_else(|| env::var_os("LIBTORCH")).unwrap_or_else(|| "/usr".into()).into()
}

fn build_native() {
    let include = libtorch("INCLUDE").join("include");
    compiler(&include)
        .file("native/adam.cpp")
        .file("native/batch_norm.cpp")
        .file("native/context.cpp")
        .file("native/parallel.cpp")
        .file("native/winograd.cpp")
        .compile("resnet_native");
    batch_norm_kernels(&include, "baseline", 4, &[]);
    if env::var("CARGO_CFG_TARGET_ARCH").as_deref() == Ok("x86_64") {
        for (processor, lanes, flags) in [
            ("avx2", 8, ["-mavx2"].as_slice()),
            ("avx512", 16, &["-mavx512f", "-mavx512bw", "-mavx512vl"]),
        ] {
            batch_norm_kernels(&include, processor, lanes, flags);
            winograd_kernels(&include, processor, lanes, flags);
        }
    }
}

/// Without fused multiply-adds: its numbers are the same on every processor.
fn batch_norm_kernels(include: &Path, processor: &str, lanes: u32, flags: &[&str]) {
    kernels(include, processor, lanes, flags)
        .flag("-ffp-contract=off")
        .file("native/batch_norm_kernels.cpp")
        .compile(&format!("resnet_batch_norm_{processor}"));
}

/// With them: they are most of its speed.
fn winograd_kernels(include: &Path, processor: &str, lanes: u32, flags: &[&str]) {
    kernels(include, processor, lanes, flags)
        .flag("-mfma")
        .flag("-ffp-contract=fast")
        .file("native/winograd_kernels.cpp")
        .compile(&format!("resnet_winograd_{processor}"));
}

/// A compiler for one kind of processor, with registers of `lanes` floats.
fn kernels(include: &Path, processor: &str, lanes: u32, flags: &[&str]) -> cc::Build {
    let mut build = compiler(include);
    build
        .flags(flags)
        .define("RESNET_PROCESSOR", processor)
        .define("RESNET_LANES", lanes.to_string().as_str());
    build
}

fn compiler(include: &Path) -> cc::Build {
    println!("cargo:rerun-if-env-changed=LIBTORCH_CXX11_ABI");
    let abi = env::var("LIBTORCH_CXX11_ABI").unwrap_or_else(|_| "1".to_owned());
    let mut build = cc::Build::new();
    build
        .cpp(true)
        .std("c++17")
        .opt_level(3)
        // Debug information of libtorch's templates would be most of the binary.
        .debug(false)
        .define("_GLIBCXX_USE_CXX11_ABI", abi.as_str())
        .flag("-isystem")
        .flag(include)
        .flag("-isystem")
        .flag(include.join("torch/csrc/api/include"));
    build
}

fn set_run_path() {
    let folder = libtorch("LIB").join("lib");
    // First as named: where `libtorch` was linked to another flavour since, that one is used.
    println!("cargo:rustc-link-arg=-Wl,-rpath,{}", folder.display());
    if let Ok(folder) = folder.canonicalize() {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{}", folder.display());
    }
    let beside = if env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("macos") {
        "@executable_path"
    } else {
        "$ORIGIN"
    };
    println!("cargo:rustc-link-arg=-Wl,-rpath,{beside}/libtorch/lib");
}
