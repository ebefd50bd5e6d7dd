//! What PHP is told of a function: one table serves registration, error messages and the hiding of secrets.

use std::{ffi::c_void, ptr::NonNull};

use ext_php_rs::{
    PHP_82,
    args::Arg,
    builders::FunctionBuilder,
    ffi::{
        HashTable, ext_php_rs_compiler_globals, zend_function, zend_hash_str_find_ptr_lc,
        zend_string,
    },
    flags::DataType,
    types::{ZendStr, Zval},
    zend::ExecuteData,
};

/// What PHP calls.
pub(crate) type Handler = extern "C" fn(&mut ExecuteData, &mut Zval);

/// A function as PHP's reflection shows it.
pub(crate) struct Function {
    /// Its name.
    pub(crate) name: &'static str,
    /// What PHP calls.
    pub(crate) handler: Handler,
    /// Its parameters, the required ones first.
    pub(crate) parameters: &'static [Parameter],
    /// What it gives back; `Undef` for a resource, which PHP has no type for.
    pub(crate) returns: DataType,
    /// Whether it may give back a string instead.
    pub(crate) or_string: bool,
    /// Whether it may give back null instead.
    pub(crate) nullable: bool,
}

/// A parameter as PHP's reflection shows it.
pub(crate) struct Parameter {
    name: &'static str,
    kind: DataType,
    nullable: bool,
    default: Option<&'static str>,
    sensitive: bool,
}

impl Parameter {
    /// A parameter that must be given.
    pub(crate) const fn required(name: &'static str, kind: DataType) -> Self {
        Self {
            name,
            kind,
            nullable: false,
            default: None,
            sensitive: false,
        }
    }

    /// A parameter with a default, written as PHP source.
    pub(crate) const fn optional(
        name: &'static str,
        kind: DataType,
        default: &'static str,
    ) -> Self {
        Self {
            default: Some(default),
            ..Self::required(name, kind)
        }
    }

    /// The same, which also takes null.
    pub(crate) const fn or_null(self) -> Self {
        Self {
            nullable: true,
            ..self
        }
    }

    /// The same, never shown in a stack trace: it may carry a token.
    pub(crate) const fn sensitive(self) -> Self {
        Self {
            sensitive: true,
            ..self
        }
    }
}

impl Function {
    /// How PHP's module table is told of it.
    pub(crate) fn builder(&self) -> FunctionBuilder<'static> {
        let required = self
            .parameters
            .iter()
            .take_while(|parameter| parameter.default.is_none())
            .count();
        let mut builder = FunctionBuilder::new(self.name, self.handler);
        if self.returns != DataType::Undef {
            builder = builder.returns(self.returns, false, self.nullable);
        }
        let builder = self.parameters.iter().fold(builder, |builder, parameter| {
            let mut argument = Arg::new(parameter.name, parameter.kind);
            if parameter.nullable {
                argument = argument.allow_null();
            }
            if let Some(default) = parameter.default {
                argument = argument.default(default);
            }
            builder.arg(argument)
        });
        builder.required_args(required)
    }

    /// What is wrong with an argument, in PHP's words. `name` is the parameter's, with the path of an element after a
    /// dot: `options.seed`.
    pub(crate) fn complaint(&self, name: &str, message: &str) -> String {
        let (parameter, element) = name
            .split_once('.')
            .map_or((name, None), |(name, rest)| (name, Some(rest)));
        let position = self
            .parameters
            .iter()
            .position(|known| known.name == parameter);
        let joint = if message.starts_with("must ") {
            " "
        } else {
            ": "
        };
        match (position, element) {
            (Some(index), None) => {
                format!(
                    "{}(): Argument #{} (${parameter}){joint}{message}",
                    self.name,
                    index + 1
                )
            }
            (Some(index), Some(element)) => {
                format!(
                    "{}(): Argument #{} (${parameter}) element \"{element}\"{joint}{message}",
                    self.name,
                    index + 1
                )
            }
            (None, _) => format!("{}(): {name}{joint}{message}", self.name),
        }
    }
}

unsafe extern "C" {
    /// Adds an attribute to a function or one of its parameters (`Zend/zend_attributes.h` since PHP 8.1).
    fn zend_add_attribute(
        attributes: *mut *mut HashTable,
        name: *mut zend_string,
        arguments: u32,
        flags: u32,
        offset: u32,
        line: u32,
    ) -> *mut c_void;
}

/// `ZEND_ATTRIBUTE_PERSISTENT`: the attribute lives as long as the function.
const PERSISTENT: u32 = 1;

/// `MAY_BE_STRING` of `Zend/zend_type_info.h`: the bit of `IS_STRING`, which is 6 in every version.
const MAY_BE_STRING: u32 = 1 << 6;

/// The entry of a function of ours in PHP's table; none when PHP has removed it (`disable_functions`).
fn entry(function: &Function) -> Option<NonNull<zend_function>> {
    // SAFETY: at MINIT the compiler's globals are set up; the table holds our functions, which were registered just
    // before, under their lower-case names.
    let entry: *mut zend_function = unsafe {
        let table = (*ext_php_rs_compiler_globals()).function_table;
        zend_hash_str_find_ptr_lc(table, function.name.as_ptr().cast(), function.name.len()).cast()
    };
    NonNull::new(entry)
}

/// Adds `string` to the types that functions give back which may give back one instead: a builder knows one type only.
pub(crate) fn widen_returns(functions: &[Function]) {
    for function in functions.iter().filter(|function| function.or_string) {
        let Some(mut entry) = entry(function) else {
            continue;
        };
        // SAFETY: the function is an internal one with a type that it gives back, which PHP keeps right before the
        // first parameter's; the table was allocated by the builder and is never freed nor read-only.
        unsafe {
            let returns = entry.as_mut().internal_function.arg_info.sub(1);
            (*returns).type_.type_mask |= MAY_BE_STRING;
        }
    }
}

/// Gives `#[\SensitiveParameter]` to the parameters that may carry a token, where PHP knows it (8.2).
pub(crate) fn hide_sensitive(functions: &[Function]) {
    if !PHP_82 {
        return;
    }
    for function in functions {
        let Some(entry) = entry(function) else {
            continue;
        };
        let entry = entry.as_ptr();
        let hidden = function
            .parameters
            .iter()
            .zip(1..)
            .filter(|(parameter, _)| parameter.sensitive);
        for (_, offset) in hidden {
            let name = ZendStr::new_interned("SensitiveParameter", true).into_raw();
            // SAFETY: every kind of function begins with these common fields; the attribute table is made by the
            // callee when there is none, the name is interned, and offsets of parameters count from 1.
            unsafe {
                zend_add_attribute(
                    &raw mut (*entry).common.attributes,
                    name,
                    0,
                    PERSISTENT,
                    offset,
                    0,
                );
            }
        }
    }
}
