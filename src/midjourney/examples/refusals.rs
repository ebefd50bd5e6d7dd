//! Prints `docs/refusals.md`: every way in which Midjourney or Discord says no, and what follows.
#![allow(clippy::print_stdout, reason = "printing is what this program is for")]

fn main() {
    print!("{}", mj_midjourney::refusal::guide::render());
}
