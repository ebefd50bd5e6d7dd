//! The PHP binding: the only room that knows PHP.
//!
//! It parses arguments, calls [`mj_engine::Engine`] and converts what comes back. It decides nothing, and it starts
//! nothing while PHP loads it: this file is the list of what is registered.
#![allow(
    missing_docs,
    reason = "the module macro exports a function that has no comment"
)]

mod arguments;
mod basedir;
mod convert;
mod environment;
mod exceptions;
mod functions;
mod guard;
mod host;
mod info;
mod ini;
mod record;
mod signature;
mod stream;
mod words;

use ext_php_rs::prelude::*;
use mj_engine::Engine;

/// Tells PHP what the extension has.
#[php_module]
pub fn get_module(module: ModuleBuilder) -> ModuleBuilder {
    let module = module
        .startup_function(startup)
        .shutdown_function(shutdown)
        .info_function(info::show);
    functions::ALL.iter().fold(module, |module, function| {
        module.function(function.builder())
    })
}

/// MINIT: registers, and nothing else. It may run in a launcher that exits, and twice in one process.
extern "C" fn startup(_kind: i32, module_number: i32) -> i32 {
    guard::startup(|| {
        Engine::start_of_process();
        environment::read();
        ini::register(module_number);
        words::intern();
        exceptions::register()?;
        signature::hide_sensitive(functions::ALL);
        signature::widen_returns(functions::ALL);
        Ok(())
    })
}

/// MSHUTDOWN: stops what this process started, in bounded time. PHP-FPM mostly kills its workers before this runs.
extern "C" fn shutdown(_kind: i32, _module_number: i32) -> i32 {
    guard::shutdown(Engine::end_of_process)
}
