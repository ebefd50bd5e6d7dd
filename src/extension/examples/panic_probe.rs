//! A PHP extension whose one function panics behind the same walls as ours: `make test-guard` loads it.
#![allow(
    missing_docs,
    reason = "the module macro exports a function that has no comment"
)]

use ext_php_rs::{
    builders::FunctionBuilder, flags::DataType, prelude::*, types::Zval, zend::ExecuteData,
};

#[path = "../guard.rs"]
mod guard;

/// Panics while it owns something that must be dropped.
extern "C" fn mj_panic(_call: &mut ExecuteData, _result: &mut Zval) {
    let owned = String::from("123");
    guard::call(|| {
        let missing = owned.chars().find(|digit| *digit > '3');
        assert!(missing.is_some(), "nothing above three");
    });
}

#[php_module]
pub fn get_module(module: ModuleBuilder) -> ModuleBuilder {
    let function =
        FunctionBuilder::new("mj_panic", mj_panic).returns(DataType::Mixed, false, false);
    module.name("panic_probe").function(function)
}
