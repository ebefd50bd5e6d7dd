//! Links the extension so that it stays mapped until the process ends.
//!
//! PHP unloads modules at its own shutdown; a thread of ours that is still running would then execute unmapped memory.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
}
