use std::panic::{set_hook, take_hook};
use std::sync::Once;

use scenarios::probe::Injected;

/// Keeps [injected](Injected) panics out of the output of this process's tests.
///
/// Any other panic is printed as before. A test calls this before it injects its first panic; calling it again
/// does nothing.
pub fn expect_injected_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let default = take_hook();
        set_hook(Box::new(move |info| {
            if !info.payload().is::<Injected>() {
                default(info);
            }
        }));
    });
}
