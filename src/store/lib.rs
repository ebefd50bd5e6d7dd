//! The task store on SQLite.
