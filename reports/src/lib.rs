pub mod analysis;
pub mod metric;
pub mod record;
pub mod render;
pub mod summary;
pub mod view;
pub mod baseline;
pub mod io;

pub use io::Error;
