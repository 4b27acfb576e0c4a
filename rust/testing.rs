//! What property tests share.

use proptest::test_runner::Config;

/// At most `most` cases, so that the suite stays quick; fewer where the environment variable `PROPTEST_CASES` says so (an
/// emulated machine).
pub fn cases(most: u32) -> Config {
    let default = Config::default();
    Config { cases: default.cases.min(most), ..default }
}
