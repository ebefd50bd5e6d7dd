//! Living inside PHP's processes: fork gate, signals, locks, bell.
