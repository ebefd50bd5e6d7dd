//! The stream that `mj_watch()` gives to PHP: for event loops, which wait until its descriptor is readable.
//!
//! It is a stream of a kind of its own, and not a plain file over the same descriptor, for three reasons: the engine
//! must learn that PHP has closed it; a forked child must be told that it is not the child's; reading must never block.

use std::{
    ffi::{c_char, c_int, c_void},
    panic::{AssertUnwindSafe, catch_unwind},
    ptr,
};

use ext_php_rs::{
    ffi::{ZEND_DEBUG, php_error_docref, php_stream, php_stream_ops, zend_resource},
    types::{ZendHashTable, Zval},
};
use mj_engine::{Taken, Watch};

unsafe extern "C" {
    /// Makes a stream, and a resource for it (`main/php_streams.h`).
    #[link_name = "_php_stream_alloc"]
    fn stream_alloc(
        ops: *const php_stream_ops,
        data: *mut c_void,
        persistent_id: *const c_char,
        mode: *const c_char,
    ) -> *mut php_stream;

    /// The same in a PHP that was built for debugging, which wants to know from where.
    #[allow(
        clashing_extern_declarations,
        reason = "one name, two shapes: ZEND_DEBUG says which it is"
    )]
    #[link_name = "_php_stream_alloc"]
    fn stream_alloc_debug(
        ops: *const php_stream_ops,
        data: *mut c_void,
        persistent_id: *const c_char,
        mode: *const c_char,
        depth: c_int,
        file: *const c_char,
        line: u32,
        original_file: *const c_char,
        original_line: u32,
    ) -> *mut php_stream;
}

/// `PHP_STREAM_FLAG_NO_SEEK` of `main/php_streams.h`.
const NO_SEEK: u32 = 1;
/// `PHP_STREAM_AS_FD`.
const AS_FD: c_int = 1;
/// `PHP_STREAM_AS_FD_FOR_SELECT`.
const AS_FD_FOR_SELECT: c_int = 3;
/// `PHP_STREAM_OPTION_BLOCKING`.
const BLOCKING: c_int = 1;
/// `PHP_STREAM_OPTION_META_DATA_API`.
const META_DATA: c_int = 11;
/// `PHP_STREAM_OPTION_CHECK_LIVENESS`: what `feof()` asks.
const LIVENESS: c_int = 12;
/// `PHP_STREAM_OPTION_RETURN_OK`, and what `PHP_STREAM_OPTION_BLOCKING` gives for "did not block".
const OK: c_int = 0;
/// `PHP_STREAM_OPTION_RETURN_ERR`.
const ERR: c_int = -1;
/// `PHP_STREAM_OPTION_RETURN_NOTIMPL`: PHP does what it does for every stream.
const NOT_HERE: c_int = -2;
/// `E_WARNING` of `Zend/zend_errors.h`.
const WARNING: c_int = 2;
/// `SUCCESS` and `FAILURE` of `Zend/zend_types.h`.
const SUCCESS: c_int = 0;
const FAILURE: c_int = -1;

struct Ops(php_stream_ops);

// SAFETY: function pointers and a constant string; nobody writes it.
unsafe impl Sync for Ops {}

static OPS: Ops = Ops(php_stream_ops {
    write: None,
    read: Some(read),
    close: Some(close),
    flush: Some(flush),
    label: c"mj_watch".as_ptr(),
    seek: None,
    cast: Some(cast),
    stat: None,
    set_option: Some(set_option),
});

/// A resource for PHP; dropping the last reference to it, or the end of the request, ends the watch. None where PHP
/// makes no stream.
pub(crate) fn resource(watch: Watch) -> Option<Zval> {
    let data = Box::into_raw(Box::new(watch));
    // SAFETY: on a thread of PHP's inside a call; operations and mode are constants, the data is a `Watch` of the heap
    // that `close` takes back. A stream that was made has a resource with one reference, which the value takes over,
    // as `php_stream_to_zval()` of `main/php_streams.h` does.
    unsafe {
        let stream = alloc(data.cast());
        if stream.is_null() {
            drop(Box::from_raw(data));
            return None;
        }
        (*stream).flags |= NO_SEEK;
        (*stream).set___exposed(1);
        let resource: *mut zend_resource = (*stream).res;
        let mut value = Zval::new();
        value.set_resource(resource);
        Some(value)
    }
}

/// # Safety
/// `data` is what `close` may take back as a [`Watch`].
unsafe fn alloc(data: *mut c_void) -> *mut php_stream {
    let (ops, mode, nothing) = (&raw const OPS.0, c"r".as_ptr(), ptr::null());
    // SAFETY: as the caller promises; PHP copies the mode, and keeps the operations' address, which is a static's.
    unsafe {
        if ZEND_DEBUG == 0 {
            stream_alloc(ops, data, nothing, mode)
        } else {
            let file = c"stream.rs".as_ptr();
            stream_alloc_debug(ops, data, nothing, mode, 0, file, 0, nothing, 0)
        }
    }
}

/// # Safety
/// `stream` is one of [`resource`]'s that is not closed.
unsafe fn watch<'s>(stream: *mut php_stream) -> Option<&'s Watch> {
    // SAFETY: as the caller promises; the data is set by `resource` and taken away by `close` only.
    unsafe { (*stream).abstract_.cast::<Watch>().as_ref() }
}

/// A line feed where something changed since the last reading, else nothing; never waits. In a forked child a warning.
unsafe extern "C" fn read(stream: *mut php_stream, buffer: *mut c_char, size: usize) -> isize {
    // SAFETY: PHP calls it with an open stream of ours.
    let watch = unsafe { watch(stream) };
    let taken = catch_unwind(AssertUnwindSafe(|| watch.map(Watch::take)));
    match taken {
        Ok(Some(Taken::Raised)) if size > 0 => {
            // SAFETY: PHP gives `size` bytes to write to.
            unsafe { *buffer.cast::<u8>() = b'\n' };
            1
        }
        Ok(Some(Taken::Inherited)) => {
            warn_of_fork();
            0
        }
        _ => 0,
    }
}

/// Nothing of Rust's lies on the stack here: a handler of PHP's may leave with a jump.
fn warn_of_fork() {
    let words = c"%s";
    let text = c"The stream was made before a fork, by another process: close it, and call mj_watch() again".as_ptr();
    // SAFETY: the format has one string, which is there; PHP is inside a call.
    unsafe { php_error_docref(ptr::null(), WARNING, words.as_ptr(), text) };
}

unsafe extern "C" fn close(stream: *mut php_stream, _close_handle: c_int) -> c_int {
    // SAFETY: PHP calls it once, with an open stream of ours; afterwards nobody finds the data there.
    let data = unsafe {
        let data = (*stream).abstract_.cast::<Watch>();
        (*stream).abstract_ = ptr::null_mut();
        data
    };
    if !data.is_null() {
        // SAFETY: it came from `Box::into_raw` in `resource`.
        let ended = catch_unwind(AssertUnwindSafe(|| drop(unsafe { Box::from_raw(data) })));
        return if ended.is_ok() { SUCCESS } else { FAILURE };
    }
    SUCCESS
}

unsafe extern "C" fn flush(_stream: *mut php_stream) -> c_int {
    SUCCESS
}

/// The descriptor, for `stream_select()` and for loops that have it from PHP's interface.
unsafe extern "C" fn cast(stream: *mut php_stream, kind: c_int, result: *mut *mut c_void) -> c_int {
    // SAFETY: PHP calls it with an open stream of ours.
    let Some(watch) = (unsafe { watch(stream) }) else {
        return FAILURE;
    };
    if kind != AS_FD && kind != AS_FD_FOR_SELECT {
        return FAILURE;
    }
    if !result.is_null() {
        // SAFETY: for these kinds the result is a `php_socket_t`, which is an int.
        unsafe { *result.cast::<c_int>() = watch.descriptor() };
    }
    SUCCESS
}

unsafe extern "C" fn set_option(
    stream: *mut php_stream,
    option: c_int,
    value: c_int,
    parameter: *mut c_void,
) -> c_int {
    // SAFETY: PHP calls it with an open stream of ours.
    let is_current = unsafe { watch(stream) }.is_some_and(Watch::is_current);
    match option {
        // It never blocks, and cannot be made to.
        BLOCKING => {
            if value == 0 {
                OK
            } else {
                ERR
            }
        }
        LIVENESS => {
            if is_current {
                OK
            } else {
                ERR
            }
        }
        META_DATA => {
            // SAFETY: for this option it is the array that `stream_get_meta_data()` gives.
            let array = unsafe { parameter.cast::<Zval>().as_mut() }.and_then(Zval::array_mut);
            array.map_or(NOT_HERE, |array| meta_data(array, is_current))
        }
        _ => NOT_HERE,
    }
}

fn meta_data(array: &mut ZendHashTable, is_current: bool) -> c_int {
    let said = [
        ("timed_out", false),
        ("blocked", false),
        ("eof", !is_current),
    ];
    for (key, value) in said {
        if array.insert(key, value).is_err() {
            return NOT_HERE;
        }
    }
    OK
}
