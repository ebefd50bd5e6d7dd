//! The exception classes, and the one place that picks a class for each error of the engine.

use std::{
    ffi::{c_char, c_int},
    ptr,
    sync::atomic::{AtomicPtr, Ordering},
    time::Duration,
};

use ext_php_rs::{
    builders::ClassBuilder,
    error::{Error, Result},
    exception::PhpException,
    ffi::{
        ZEND_ACC_PUBLIC, zend_class_entry, zend_object, zend_string, zend_throw_exception,
        zend_type,
    },
    flags::DataType,
    types::{ZendStr, Zval},
    zend::{ClassEntry, ExecutorGlobals, ce},
};
use mj_engine::EngineError;

use crate::{convert, signature::Function};

unsafe extern "C" {
    /// The class of the Standard PHP Library that ours extend (`ext/spl/spl_exceptions.h`).
    static spl_ce_RuntimeException: *mut zend_class_entry;

    /// Declares a property with a type (`Zend/zend_API.h`).
    fn zend_declare_typed_property(
        class: *mut zend_class_entry,
        name: *mut zend_string,
        default: *mut Zval,
        access: c_int,
        doc_comment: *mut zend_string,
        kind: zend_type,
    ) -> *mut std::ffi::c_void;

    /// Sets a property (`Zend/zend_API.h`).
    fn zend_update_property(
        scope: *mut zend_class_entry,
        object: *mut zend_object,
        name: *const c_char,
        name_length: usize,
        value: *mut Zval,
    );
}

/// A class of ours, known from MINIT on.
struct Class(AtomicPtr<ClassEntry>);

impl Class {
    const fn new() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }

    fn set(&self, entry: &'static mut ClassEntry) {
        self.0.store(entry, Ordering::Release);
    }

    fn entry(&self) -> &'static ClassEntry {
        // SAFETY: set at MINIT to a class entry that PHP keeps until it shuts down, before any code of ours can throw.
        unsafe { self.0.load(Ordering::Acquire).as_ref() }.unwrap_or_else(ce::exception)
    }
}

static MJ: Class = Class::new();
static CONFIGURATION: Class = Class::new();
static STORAGE: Class = Class::new();
static QUEUE_FULL: Class = Class::new();
static ACTION_UNAVAILABLE: Class = Class::new();
static ENGINE: Class = Class::new();

const RETRY_AFTER: &str = "retryAfter";
const REASON: &str = "reason";

/// Registers the classes, parents before children.
///
/// # Errors
/// When PHP already has a class of one of these names.
pub(crate) fn register() -> Result<()> {
    let runtime: fn() -> &'static ClassEntry = || {
        // SAFETY: the Standard PHP Library is always built in and starts before any loaded extension.
        unsafe { spl_ce_RuntimeException.as_ref() }.unwrap_or_else(ce::exception)
    };
    let base: fn() -> &'static ClassEntry = || MJ.entry();
    let child = |name: &str| ClassBuilder::new(name).extends((base, "\\Mj\\MjException"));

    let parent = ClassBuilder::new("Mj\\MjException").extends((runtime, "\\RuntimeException"));
    parent.registration(|class, _| MJ.set(class)).register()?;
    child("Mj\\ConfigurationException")
        .registration(|class, _| CONFIGURATION.set(class))
        .register()?;
    child("Mj\\StorageException")
        .registration(|class, _| STORAGE.set(class))
        .register()?;
    child("Mj\\QueueFullException")
        .registration(|class, _| QUEUE_FULL.set(class))
        .register()?;
    child("Mj\\ActionUnavailableException")
        .registration(|class, _| ACTION_UNAVAILABLE.set(class))
        .register()?;
    child("Mj\\EngineException")
        .registration(|class, _| ENGINE.set(class))
        .register()?;

    property(&QUEUE_FULL, RETRY_AFTER, DataType::Long, convert::number(0))?;
    let mut empty = Zval::new();
    empty.set_interned_string("", true)?;
    property(&ACTION_UNAVAILABLE, REASON, DataType::String, empty)
}

/// Declares a public property with a type and a default.
fn property(class: &Class, name: &str, kind: DataType, mut default: Zval) -> Result<()> {
    let kind =
        zend_type::empty_from_type(kind, false, false, false).ok_or(Error::ZvalConversion(kind))?;
    let name = ZendStr::new_interned(name, true).into_raw();
    let access = c_int::try_from(ZEND_ACC_PUBLIC)?;
    // SAFETY: the class is ours and was just registered, the name is interned, the default is not counted.
    unsafe {
        zend_declare_typed_property(
            class.0.load(Ordering::Acquire),
            name,
            &raw mut default,
            access,
            ptr::null_mut(),
            kind,
        );
    }
    Ok(())
}

/// Why a function of ours ends without a result.
#[derive(Debug)]
pub(crate) enum Failure {
    /// PHP has thrown already.
    Pending,
    /// The engine, or our reading of the arguments, said no.
    Engine(EngineError),
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        Self::Engine(error)
    }
}

impl Failure {
    /// Throws what `function` has to throw.
    pub(crate) fn throw(self, function: &Function) {
        match self {
            Self::Pending => {}
            Self::Engine(error) => throw(&error, function),
        }
    }
}

/// Throws an error of the engine as the class that PHP code catches.
fn throw(error: &EngineError, function: &Function) {
    match error {
        EngineError::Argument { name, message } => {
            raise(ce::value_error(), &function.complaint(name, message));
        }
        EngineError::Type {
            name,
            expected,
            given,
        } => {
            let message = format!("must be of type {expected}, {given} given");
            raise(ce::type_error(), &function.complaint(name, &message));
        }
        EngineError::Configuration { .. } => raise(CONFIGURATION.entry(), &error.to_string()),
        EngineError::Storage { .. } => raise(STORAGE.entry(), &error.to_string()),
        EngineError::QueueFull { retry_after, .. } => {
            let seconds = whole_seconds(*retry_after);
            raise_with(
                QUEUE_FULL.entry(),
                &error.to_string(),
                RETRY_AFTER,
                convert::number(seconds),
            );
        }
        EngineError::ActionUnavailable { reason, .. } => {
            raise_with(
                ACTION_UNAVAILABLE.entry(),
                &error.to_string(),
                REASON,
                convert::string(reason.as_str().as_bytes()),
            );
        }
        EngineError::Engine(_) => raise(ENGINE.entry(), &error.to_string()),
    }
}

/// Whole seconds, rounded up: a caller that waits so long has waited long enough.
fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

fn raise(class: &'static ClassEntry, message: &str) {
    PhpException::new(without_nul(message), 0, class).throw();
}

/// Throws with one property set.
fn raise_with(class: &'static ClassEntry, message: &str, property: &str, mut value: Zval) {
    if ExecutorGlobals::has_exception() {
        return;
    }
    let scope = ptr::from_ref(class).cast_mut();
    let message = ZendStr::new(without_nul(message), false);
    let Ok(text) = message.as_c_str() else { return };
    // SAFETY: the class is registered, the text ends with NUL and outlives the call; the exception that PHP gives back
    // is pending and so lives on, and the property is declared in its class.
    unsafe {
        let object = zend_throw_exception(scope, text.as_ptr(), 0);
        if !object.is_null() {
            zend_update_property(
                scope,
                object,
                property.as_ptr().cast(),
                property.len(),
                &raw mut value,
            );
        }
    }
}

/// PHP takes an exception's message as a C string.
fn without_nul(message: &str) -> String {
    message.replace('\0', "\\0")
}
