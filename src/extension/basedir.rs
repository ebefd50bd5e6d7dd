//! PHP's `open_basedir`: which files a script may name.

use std::{
    ffi::{CString, c_char, c_int},
    os::unix::ffi::OsStrExt as _,
    path::Path,
};

unsafe extern "C" {
    /// 0 when `open_basedir` lets the path through, symbolic links resolved (`main/fopen_wrappers.h`).
    fn php_check_open_basedir_ex(path: *const c_char, warn: c_int) -> c_int;
}

/// Whether the running script may open a path, which need not exist. Asked on PHP's own threads only.
pub(crate) fn may_open(path: &Path) -> bool {
    let Ok(path) = CString::new(path.as_os_str().as_bytes()) else {
        return false;
    };
    // SAFETY: the path is a C string that outlives the call, and PHP runs a function of ours on this thread.
    unsafe { php_check_open_basedir_ex(path.as_ptr(), 0) == 0 }
}
