//! The ladder diagram of a call.

mod layout;
mod text;

pub use self::text::Colour;
pub(crate) use self::{layout::layout, text::text};
