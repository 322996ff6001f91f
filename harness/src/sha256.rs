//! SHA-256, spelled.

use sha2::{Digest, Sha256};

/// SHA-256 of contents one after the other, hexadecimal.
pub fn sha256<T: AsRef<[u8]>>(contents: impl IntoIterator<Item = T>) -> String {
    let mut digest = Sha256::new();
    contents.into_iter().for_each(|content| digest.update(content));
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
