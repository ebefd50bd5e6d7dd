//! The ini entries. Secrets are taken out of PHP's hands when they are set, so that neither `phpinfo()` nor
//! `ini_get()` nor `ini_get_all()` can give them away.

use std::{
    cell::{Cell, RefCell},
    ffi::{c_int, c_void},
    ptr, slice,
    sync::atomic::{AtomicPtr, Ordering},
};

use ext_php_rs::{
    ffi::{
        ZEND_RESULT_CODE_FAILURE, ZEND_RESULT_CODE_SUCCESS, php_output_write, zend_ini_entry,
        zend_ini_entry_def, zend_string,
    },
    flags::IniEntryPermission,
    types::{ArrayKey, ZendHashTable},
    zend::{IniEntryDef, IniEntryDefs},
};
use zeroize::Zeroizing;

unsafe extern "C" {
    /// An ini entry's value, or null (`Zend/zend_ini.h`).
    fn zend_ini_string(
        name: *const std::ffi::c_char,
        length: usize,
        original: c_int,
    ) -> *const std::ffi::c_char;

    /// What `php.ini`, its directory and the command line said, by name (`main/php_ini.h`).
    fn php_ini_get_configuration_hash() -> *const ZendHashTable;
}

/// `ZEND_INI_STAGE_STARTUP` and `ZEND_INI_STAGE_DEACTIVATE` of `Zend/zend_ini.h`.
const STARTUP: c_int = 1;
const DEACTIVATE: c_int = 8;

/// How an entry's value is treated.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Care {
    /// Shown as it is.
    Open,
    /// Shown as it is, unless it carries a user name or password (`scheme://user:password@host`).
    Address,
    /// Never shown. An address whose path or query lets in whoever knows it is one too.
    Secret,
}

macro_rules! entries {
    ($($care:ident $name:literal),* $(,)?) => {
        const NAMES: &[&str] = &[$($name),*];
        const CARES: &[Care] = &[$(Care::$care),*];
        static ENTRIES: IniEntryDefs<{ NAMES.len() + 1 }> = IniEntryDefs::new(define(&[$(
            // The name as a C string.
            match std::ffi::CStr::from_bytes_with_nul(concat!($name, "\0").as_bytes()) {
                Ok(name) => name,
                Err(_) => c"",
            }
        ),*]));
    };
}

entries! {
    Address "mj.activity_url", Address "mj.api_url", Open "mj.archive",
    Address "mj.archive_endpoint", Secret "mj.archive_key", Open "mj.archive_path_style", Open "mj.archive_region",
    Secret "mj.archive_secret", Open "mj.autostart", Secret "mj.bot_token", Open "mj.ca_file",
    Address "mj.cdn_url", Open "mj.channel_id", Open "mj.concurrency", Open "mj.gateway", Address "mj.gateway_resume_url", Address "mj.gateway_url",
    Open "mj.guild_id", Open "mj.lang", Open "mj.late_final", Open "mj.log", Open "mj.log_files",
    Open "mj.log_format", Open "mj.log_level", Open "mj.log_prompts", Open "mj.log_size", Open "mj.max_wait",
    Secret "mj.notify_secret", Secret "mj.notify_url", Address "mj.proxy", Open "mj.queue_size",
    Open "mj.relax_concurrency", Open "mj.retention", Open "mj.role", Secret "mj.secret", Secret "mj.secret_previous", Open "mj.seed_tag", Secret "mj.session_id",
    Open "mj.shutdown_grace", Open "mj.spacing", Open "mj.state_dir", Address "mj.store", Open "mj.timeout", Open "mj.token_sessions", Address "mj.upload_url",
    Open "mj.user_agent", Secret "mj.user_token",
}

/// The table for PHP: all of `PHP_INI_SYSTEM`, without defaults, because an entry that is not set is the engine's to
/// decide.
const fn define<const N: usize>(names: &[&'static std::ffi::CStr]) -> [zend_ini_entry_def; N] {
    let mut table = [IniEntryDef::end(); N];
    let mut index = 0;
    while index < names.len() {
        let mut entry = IniEntryDef::new(names[index], c"", IniEntryPermission::System);
        entry.value = ptr::null();
        entry.on_modify = Some(keep);
        entry.mh_arg1 = ptr::without_provenance_mut(index);
        if !matches!(CARES[index], Care::Open) {
            entry.displayer = Some(display);
        }
        table[index] = entry;
        index += 1;
    }
    table
}

/// Tells PHP of the entries; called by MINIT, which runs again in a server that reloads its configuration.
pub(crate) fn register(module_number: i32) {
    for kept in &AT_START {
        kept.store(ptr::null_mut(), Ordering::Release);
    }
    let _ = OF_THREAD.try_with(|own| own.secrets.borrow_mut().clear());
    IniEntryDef::register(ENTRIES.as_slice(), module_number);
}

/// What PHP does not get back of `php.ini` and the command line, one for each entry. Without a lock, which a fork could
/// leave locked; what is replaced is never freed, because another thread may read it.
static AT_START: [AtomicPtr<String>; NAMES.len()] =
    [const { AtomicPtr::new(ptr::null_mut()) }; NAMES.len()];

/// The entries as this thread of PHP's has them.
struct OfThread {
    /// What PHP does not get back of what the server has set for the thread's request; none for a value that it does.
    /// Wiped when it is dropped.
    secrets: RefCell<Vec<(usize, Option<Zeroizing<String>>)>>,
    /// How often an entry may have changed.
    revision: Cell<u64>,
}

thread_local! {
    static OF_THREAD: OfThread = const {
        OfThread {
            secrets: RefCell::new(Vec::new()),
            revision: Cell::new(1),
        }
    };
}

impl OfThread {
    fn touch(&self) {
        self.revision.set(self.revision.get() + 1);
    }

    fn forget(&self, index: usize) {
        self.secrets.borrow_mut().retain(|(of, _)| *of != index);
    }

    fn set(&self, index: usize, secret: Option<String>) {
        self.forget(index);
        let secret = secret.map(Zeroizing::new);
        self.secrets.borrow_mut().push((index, secret));
    }

    fn secret(&self, index: usize) -> Option<String> {
        let secrets = self.secrets.borrow();
        match secrets.iter().find(|(of, _)| *of == index) {
            Some((_, secret)) => secret.as_deref().cloned(),
            None => at_start(index),
        }
    }
}

fn at_start(index: usize) -> Option<String> {
    let kept = AT_START.get(index)?.load(Ordering::Acquire);
    // SAFETY: null, or a box that was leaked and is never freed nor changed.
    unsafe { kept.as_ref() }.cloned()
}

fn set_at_start(index: usize, secret: Option<String>) {
    if let Some(kept) = AT_START.get(index)
        && at_start(index) != secret
    {
        let secret = secret.map_or_else(ptr::null_mut, |secret| Box::into_raw(Box::new(secret)));
        kept.store(secret, Ordering::Release);
    }
}

/// A number that is another one when an entry of this thread may have changed.
pub(crate) fn revision() -> u64 {
    OF_THREAD.with(|own| own.revision.get())
}

/// All entries that are set, secrets included: for the engine only.
pub(crate) fn values() -> Vec<(String, String)> {
    let value = |(index, name): (usize, &&str)| {
        let value = OF_THREAD
            .with(|own| own.secret(index))
            .or_else(|| plain(name))
            .filter(|value| !value.is_empty())?;
        Some(((*name).to_owned(), value))
    };
    NAMES.iter().enumerate().filter_map(value).collect()
}

/// Names that begin as ours do and are none: PHP keeps what nobody asks for, and says nothing.
pub(crate) fn strangers() -> Vec<String> {
    // SAFETY: null, or a table that is filled before any module starts and not changed any more.
    let Some(said) = (unsafe { php_ini_get_configuration_hash().as_ref() }) else {
        return Vec::new();
    };
    let name = |key: ArrayKey<'_>| match key {
        ArrayKey::Str(name) => Some(name.to_owned()),
        ArrayKey::String(name) => Some(name),
        ArrayKey::Long(_) | ArrayKey::ZendString(_) => None,
    };
    said.iter()
        .filter_map(|(key, _)| name(key))
        .filter(|name| name.starts_with("mj.") && !NAMES.contains(&name.as_str()))
        .collect()
}

/// An entry as PHP has it, also one that is not ours.
pub(crate) fn plain(name: &str) -> Option<String> {
    // SAFETY: the name is valid for its length; the answer is null or a C string that PHP keeps during the call.
    unsafe {
        let value = zend_ini_string(name.as_ptr().cast(), name.len(), 0);
        (!value.is_null()).then(|| {
            std::ffi::CStr::from_ptr(value)
                .to_string_lossy()
                .into_owned()
        })
    }
}

/// PHP's `on_modify`: keeps a secret here and refuses it there, so that PHP's copy stays unset.
///
/// PHP then asks again with the default, which is null and changes nothing, and once more with what `php.ini` says when
/// a request ends whose server had set the entry for it (`php_admin_value`). A threaded PHP asks at the start of each
/// thread, with a copy of the main thread's entries.
unsafe extern "C" fn keep(
    _entry: *mut zend_ini_entry,
    new_value: *mut zend_string,
    index: *mut c_void,
    _second: *mut c_void,
    _third: *mut c_void,
    stage: c_int,
) -> c_int {
    let index = index.addr();
    let Some(care) = CARES.get(index) else {
        return ZEND_RESULT_CODE_FAILURE;
    };
    // SAFETY: PHP gives null or a string that lives during the call, and is valid for its length.
    let value = unsafe { new_value.as_ref() }
        .map(|value| unsafe { slice::from_raw_parts(value.val.as_ptr().cast::<u8>(), value.len) })
        .map(|value| String::from_utf8_lossy(value).into_owned());
    // A thread that ends has no values any more, and no calls.
    let accepted = OF_THREAD.try_with(|own| {
        own.touch();
        if stage == DEACTIVATE {
            own.forget(index);
            return true;
        }
        let Some(value) = value else { return true };
        let is_secret = match care {
            Care::Open => return true,
            Care::Address => value.contains('@'),
            Care::Secret => !value.is_empty(),
        };
        let secret = is_secret.then_some(value);
        if stage == STARTUP {
            own.forget(index);
            set_at_start(index, secret);
        } else {
            own.set(index, secret);
        }
        !is_secret
    });
    if accepted.unwrap_or(true) {
        ZEND_RESULT_CODE_SUCCESS
    } else {
        ZEND_RESULT_CODE_FAILURE
    }
}

/// PHP's displayer: says whether a secret is set.
unsafe extern "C" fn display(entry: *mut zend_ini_entry, _kind: c_int) {
    // SAFETY: PHP calls this with an entry that we registered.
    let index = unsafe { (*entry).mh_arg1 }.addr();
    let kept = OF_THREAD
        .try_with(|own| own.secret(index).is_some())
        .unwrap_or_default();
    let shown = match NAMES
        .get(index)
        .and_then(|name| plain(name))
        .filter(|value| !value.is_empty())
    {
        _ if kept => "set, hidden".to_owned(),
        Some(value) => value,
        None => "no value".to_owned(),
    };
    // SAFETY: the text is valid for its length.
    unsafe { php_output_write(shown.as_ptr().cast(), shown.len()) };
}
