//! The section of `phpinfo()` and `php --ri mj`: what is built in and how it is set, without any secret.

use ext_php_rs::{
    info_table_end, info_table_header, info_table_row, info_table_start, zend::ModuleEntry,
};

unsafe extern "C" {
    /// Prints the module's ini entries as a table, each through its displayer (`main/php_ini.h`).
    fn display_ini_entries(module: *mut ModuleEntry);
}

/// Prints the section.
#[allow(
    clippy::unwrap_used,
    reason = "the macros turn constants without NUL into C strings"
)]
pub(crate) extern "C" fn show(module: *mut ModuleEntry) {
    info_table_start!();
    info_table_header!("mj", "enabled");
    info_table_row!("Version", env!("CARGO_PKG_VERSION"));
    info_table_row!("TLS", "rustls with ring; roots: webpki, system, mj.ca_file");
    info_table_row!("Store", "SQLite (embedded)");
    info_table_end!();
    // SAFETY: PHP calls this with its own entry of our module.
    unsafe { display_ini_entries(module) };
}
