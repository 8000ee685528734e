//! (forming)
