//! Rows in runs as high as a register tile, or nearly: a tile of a height that is left over would waste most of its registers.

/// Cuts rows into the fewest runs of at most `most` rows, which differ by one row at most: (first row, rows).
pub struct RowRuns {
    next: usize,
    rows: usize,
    runs: usize,
}

impl RowRuns {
    #[inline(always)]
    pub fn new(rows: usize, most: usize) -> Self {
        Self { next: 0, rows, runs: rows.div_ceil(most) }
    }
}

impl Iterator for RowRuns {
    type Item = (usize, usize);

    #[inline(always)]
    fn next(&mut self) -> Option<(usize, usize)> {
        if self.runs == 0 {
            return None;
        }
        let rows = (self.rows - self.next).div_ceil(self.runs);
        let first = self.next;
        self.next += rows;
        self.runs -= 1;
        Some((first, rows))
    }
}

/// Evaluates a call for a run of rows, whose number becomes a constant. At most `$most`, itself at most 9.
macro_rules! with_rows {
    ($most:ident, $rows:expr, $function:ident :: <$V:ty, $N:ident>($($argument:expr),* $(,)?)) => {
        match $rows {
            9 if $most >= 9 => $function::<$V, 9, $N>($($argument),*),
            8 if $most >= 8 => $function::<$V, 8, $N>($($argument),*),
            7 if $most >= 7 => $function::<$V, 7, $N>($($argument),*),
            6 => $function::<$V, 6, $N>($($argument),*),
            5 => $function::<$V, 5, $N>($($argument),*),
            4 => $function::<$V, 4, $N>($($argument),*),
            3 => $function::<$V, 3, $N>($($argument),*),
            2 => $function::<$V, 2, $N>($($argument),*),
            _ => $function::<$V, 1, $N>($($argument),*),
        }
    };
}
pub(crate) use with_rows;
