//! What the engine may know of PHP, read on PHP's own threads, and the way to the engine.

use std::{
    ffi::{CStr, CString},
    sync::Arc,
};

use ext_php_rs::ffi::{
    USING_ZTS, ZEND_DEBUG, ZEND_MODULE_API_NO, ext_php_rs_compiler_globals,
    ext_php_rs_executor_globals, ext_php_rs_sapi_module,
};
use mj_engine::{Engine, EngineError, Host, doctor::Php};

use crate::{basedir, environment, ini};

unsafe extern "C" {
    /// The version of a module (`Zend/zend_API.h`); that of `standard` is PHP's.
    fn zend_get_module_version(module: *const std::ffi::c_char) -> *const std::ffi::c_char;
    /// Writes a line to PHP's error log, past every handler of a script's (`main/php.h`, since PHP 7.1).
    fn php_log_err_with_severity(message: *const std::ffi::c_char, severity: std::ffi::c_int);
}

/// PHP's own entries that matter to the doctor.
const OF_PHP: &[&str] = &["disable_functions", "opcache.preload", "open_basedir"];

/// `ZEND_COMPILE_PRELOAD` and `ZEND_COMPILE_PRELOAD_IN_CHILD` of `Zend/zend_compile.h`, the same since PHP 8.0.
const PRELOAD: u32 = (1 << 15) | (1 << 17);

/// The engine of this thread under the ini values of its request, made at the first call.
///
/// # Errors
/// What [`Engine::of_thread`] says.
pub(crate) fn engine() -> Result<Arc<Engine>, EngineError> {
    pass_complaint_on();
    Engine::of_thread(ini::revision(), host)
}

/// Whether PHP wants to go on with something else: a time limit, or a signal for `pcntl`. Asked again and again by calls
/// that wait.
pub(crate) fn interrupted() -> bool {
    pass_complaint_on();
    // SAFETY: PHP's executor globals are there whenever PHP runs a function. The flag is one byte that signal handlers
    // and other threads set, in every version: hence the volatile read.
    unsafe {
        (&raw const (*ext_php_rs_executor_globals()).vm_interrupt)
            .cast::<u8>()
            .read_volatile()
            != 0
    }
}

/// Tells PHP's error log, once, that ours cannot be written.
fn pass_complaint_on() {
    if let Some(complaint) = Engine::take_complaint() {
        warn_in_error_log(&complaint);
    }
}

/// A warning that becomes no exception of a framework's: it goes to the log alone.
fn warn_in_error_log(words: &str) {
    /// `LOG_WARNING` of syslog(3).
    const WARNING: std::ffi::c_int = 4;
    let Ok(line) = CString::new(format!("PHP Warning:  mj: {words}")) else {
        return;
    };
    // SAFETY: the line is a C string that lives during the call, made on a thread of PHP's while PHP runs a function.
    unsafe { php_log_err_with_severity(line.as_ptr(), WARNING) };
}

/// What the engine must know of PHP.
pub(crate) fn host() -> Host {
    Host {
        sapi: sapi(),
        php_version: php_version(),
        error_log: ini::plain("error_log").unwrap_or_default(),
        ini: ini::values(),
        environment: environment::at_start(),
        preloading: preloading(),
        locate: Some(basedir::locate),
    }
}

/// What the doctor must know of PHP beside that.
pub(crate) fn php() -> Php {
    let entries = OF_PHP
        .iter()
        .filter_map(|name| Some((*name, ini::plain(name)?)));
    Php {
        thread_safe: USING_ZTS != 0,
        debug: ZEND_DEBUG != 0,
        module_api: ZEND_MODULE_API_NO,
        ini_files: ini_files(),
        started: environment::started(),
        entries: entries.collect(),
        strangers: ini::strangers(),
    }
}

/// The `php.ini` that was read, and then the files of its directory; none where these functions are disabled.
fn ini_files() -> Vec<String> {
    let ask = |name| {
        let function = ext_php_rs::zend::Function::try_from_function(name)?;
        function.try_call(Vec::new()).ok()?.string()
    };
    let loaded = ask("php_ini_loaded_file");
    let scanned = ask("php_ini_scanned_files").unwrap_or_default();
    let scanned = scanned.split(',').map(str::trim).map(str::to_owned);
    let files = loaded.into_iter().chain(scanned);
    files.filter(|file| !file.is_empty()).collect()
}

fn preloading() -> bool {
    // SAFETY: PHP's compiler globals are there whenever PHP runs a function.
    unsafe { (*ext_php_rs_compiler_globals()).compiler_options & PRELOAD != 0 }
}

fn sapi() -> String {
    // SAFETY: the server interface is set up before any module starts; its name is a constant C string.
    unsafe {
        let module = ext_php_rs_sapi_module();
        if module.is_null() || (*module).name.is_null() {
            return String::new();
        }
        CStr::from_ptr((*module).name)
            .to_string_lossy()
            .into_owned()
    }
}

fn php_version() -> String {
    // SAFETY: the name is a C string; the answer is null or a constant one.
    unsafe {
        let version = zend_get_module_version(c"standard".as_ptr());
        if version.is_null() {
            String::new()
        } else {
            CStr::from_ptr(version).to_string_lossy().into_owned()
        }
    }
}
