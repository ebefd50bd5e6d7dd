//! Where the files lie that a script names: PHP's `open_basedir`, and its directory, which in a threaded PHP is each
//! thread's own and not the process's.

use std::{
    ffi::{CStr, CString, OsStr, c_char, c_int},
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
};

unsafe extern "C" {
    /// 0 when `open_basedir` lets the path through, symbolic links resolved (`main/fopen_wrappers.h`).
    fn php_check_open_basedir_ex(path: *const c_char, warn: c_int) -> c_int;

    /// Writes the absolute path to a buffer of `MAXPATHLEN` bytes; null when there is none (`main/fopen_wrappers.h`).
    fn expand_filepath(path: *const c_char, absolute: *mut c_char) -> *mut c_char;
}

/// `MAXPATHLEN` of `main/php.h`: Linux's `PATH_MAX`, with its NUL.
const LONGEST: usize = 4096;

/// The absolute path of a file that the running script may open, which need not exist; none when it may not. Asked on
/// PHP's own threads only.
pub(crate) fn locate(path: &Path) -> Option<PathBuf> {
    let given = CString::new(path.as_os_str().as_bytes()).ok()?;
    // SAFETY: the path is a C string that outlives the call, and PHP runs a function of ours on this thread.
    if unsafe { php_check_open_basedir_ex(given.as_ptr(), 0) } != 0 {
        return None;
    }
    if path.is_absolute() {
        return Some(path.to_owned());
    }
    Some(directory()?.join(path))
}

/// The script's directory.
fn directory() -> Option<PathBuf> {
    let mut buffer = [0; LONGEST];
    // SAFETY: the path is a constant C string, the buffer as long as the callee demands, and what it leaves there ends
    // with NUL when its answer is not null.
    unsafe {
        if expand_filepath(c".".as_ptr(), buffer.as_mut_ptr()).is_null() {
            return None;
        }
        let path = CStr::from_ptr(buffer.as_ptr());
        Some(OsStr::from_bytes(path.to_bytes()).into())
    }
}
