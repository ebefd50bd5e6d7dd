//! Whether a write would have to wait.

use std::os::fd::{AsFd, AsRawFd};

/// Whether the system takes at least a page now, without waiting: for a pipe that somebody else reads. A descriptor that
/// cannot be written at all is said to be writable, so that the write tells why.
pub fn is_writable(descriptor: &impl AsFd) -> bool {
    let mut one = libc::pollfd {
        fd: descriptor.as_fd().as_raw_fd(),
        events: libc::POLLOUT,
        revents: 0,
    };
    // SAFETY: one entry, which lives during the call; with no time-out the call does not wait.
    let count = unsafe { libc::poll(&raw mut one, 1, 0) };
    count != 0
}

#[cfg(test)]
mod tests {
    use std::io::{Write, pipe};

    use super::*;

    #[test]
    fn a_full_pipe_is_not_writable() {
        let (reader, mut writer) = pipe().unwrap();
        assert!(is_writable(&writer));
        let page = [b'x'; 4096];
        let mut written = 0;
        while is_writable(&writer) {
            written += writer.write(&page).unwrap();
            assert!(written < 1 << 26, "a pipe without an end");
        }
        drop(reader);
        assert!(is_writable(&writer), "the write says that nobody reads");
    }
}
