//! The PHP binding: the only room that knows PHP.
