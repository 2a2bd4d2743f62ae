//! Tells the binary where to find libtorch at run time.
//!
//! torch-sys links libtorch but its run path does not reach the final binary, so it is set here: the
//! folder the build used, and the folder beside the binary for one that was moved together with it.

use std::env;
use std::path::PathBuf;

fn main() {
    println!("cargo:rerun-if-env-changed=LIBTORCH");
    println!("cargo:rerun-if-env-changed=LIBTORCH_LIB");
    println!("cargo:rerun-if-changed=build.rs");
    let libraries = env::var_os("LIBTORCH_LIB").or_else(|| env::var_os("LIBTORCH"));
    if let Some(folder) = libraries {
        let folder = PathBuf::from(folder).join("lib");
        // First as named: where `libtorch` was linked to another flavour since, that one is used.
        println!("cargo:rustc-link-arg=-Wl,-rpath,{}", folder.display());
        if let Ok(folder) = folder.canonicalize() {
            println!("cargo:rustc-link-arg=-Wl,-rpath,{}", folder.display());
        }
    }
    let beside = if env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("macos") {
        "@executable_path"
    } else {
        "$ORIGIN"
    };
    println!("cargo:rustc-link-arg=-Wl,-rpath,{beside}/libtorch/lib");
}
