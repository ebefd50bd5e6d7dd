//! The driver: sockets, TLS, clocks, ownership, and the Engine facade.
