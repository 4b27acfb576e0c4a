//! Where tiles lie: each covers 4 x 4 outputs of a frame and the 6 x 6 inputs that they see.

use super::{INPUT, OUTPUT};
use crate::geometry::{ConvGeometry, Window};
use std::ops::Range;

/// Rows, and columns, of inputs that a tile shares with the next.
const SHARED: usize = INPUT - OUTPUT;

/// The tiles of all frames, numbered frame by frame, row by row.
#[derive(Debug, Clone, Copy)]
pub struct Tiling {
    /// The convolution.
    pub conv: ConvGeometry,
    /// Rows and columns of the output that are wanted: pooling may leave out the last ones.
    pub outputs: (usize, usize),
    rows: usize,
    cols: usize,
}

/// A tile: its frame, and its first output row and column.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    pub frame: usize,
    pub row: usize,
    pub col: usize,
}

/// The part of a tile's inputs that lies inside the frame: where it begins in the array, and which of the tile's rows and columns it
/// covers.
#[derive(Debug, Clone)]
pub struct Inputs {
    /// The frame's first element.
    pub frame: usize,
    /// The input row and column of the tile's corner; may lie outside.
    pub corner: (isize, isize),
    /// Rows of the tile that lie inside.
    pub rows: Range<usize>,
    /// Columns of the tile that lie inside.
    pub cols: Range<usize>,
    /// How many of its rows, and of its columns, tiles before it see as well.
    shared: (usize, usize),
}

impl Inputs {
    /// Whether all of the tile lies inside.
    #[inline(always)]
    pub fn whole(&self) -> bool {
        self.rows.len() == INPUT && self.cols.len() == INPUT
    }

    /// Which elements of row `i` tiles before it see as well: the first ones, so many.
    #[inline(always)]
    pub fn seen_before(&self, i: usize) -> usize {
        if i < self.shared.0 { INPUT } else { self.shared.1 }
    }
}

impl Tiling {
    /// Tiles for the first `outputs` rows and columns of a convolution's output.
    pub fn new(conv: ConvGeometry, outputs: (usize, usize)) -> Self {
        Self { conv, outputs, rows: outputs.0.div_ceil(OUTPUT), cols: outputs.1.div_ceil(OUTPUT) }
    }

    /// Tiles of a frame.
    pub fn per_frame(&self) -> usize {
        self.rows * self.cols
    }

    /// Tiles of all frames.
    pub fn count(&self) -> usize {
        self.conv.frames * self.per_frame()
    }

    /// Rows and columns of a frame, the first ones, that tiles see.
    pub fn seen(&self) -> (usize, usize) {
        let along = |tiles: usize, axis: &Window| match tiles {
            0 => 0,
            _ => (tiles * OUTPUT + SHARED).saturating_sub(axis.before).min(axis.input),
        };
        (along(self.rows, &self.conv.rows), along(self.cols, &self.conv.cols))
    }

    /// The tile number `index`.
    #[inline(always)]
    pub fn place(&self, index: usize) -> Place {
        let (frame, tile) = (index / self.per_frame(), index % self.per_frame());
        Place { frame, row: tile / self.cols * OUTPUT, col: tile % self.cols * OUTPUT }
    }

    /// How many rows and columns of a tile's outputs are wanted.
    #[inline(always)]
    pub fn wanted(&self, place: Place) -> (usize, usize) {
        (OUTPUT.min(self.outputs.0 - place.row), OUTPUT.min(self.outputs.1 - place.col))
    }

    /// What a tile sees of its frame.
    #[inline(always)]
    pub fn inputs(&self, place: Place) -> Inputs {
        let (rows, cols) = (&self.conv.rows, &self.conv.cols);
        let inside = |first: usize, before: usize, length: usize| {
            let start = before.saturating_sub(first);
            start..(length + before).saturating_sub(first).clamp(start, INPUT)
        };
        Inputs {
            frame: place.frame * rows.input * cols.input * self.conv.cin,
            corner: (place.row as isize - rows.before as isize, place.col as isize - cols.before as isize),
            rows: inside(place.row, rows.before, rows.input),
            cols: inside(place.col, cols.before, cols.input),
            shared: (SHARED.min(place.row), SHARED.min(place.col)),
        }
    }

    /// The elements of whole rows of the input that `count` tiles from number `first` on see, those between them included; none behind
    /// the last tile.
    pub fn rows_seen(&self, first: usize, count: usize) -> Range<usize> {
        let (first, end) = (first.min(self.count()), (first + count).min(self.count()));
        if first == end {
            return 0..0;
        }
        let (rows, cols) = (&self.conv.rows, &self.conv.cols);
        let element = |place: Place, row: usize| {
            let row = row.saturating_sub(rows.before).min(rows.input);
            (place.frame * rows.input + row) * cols.input * self.conv.cin
        };
        let (top, bottom) = (self.place(first), self.place(end - 1));
        element(top, top.row)..element(bottom, bottom.row + INPUT)
    }

    /// The element of the input, channel 0, at row `i` and column `j` of a tile's inputs, which lies inside.
    #[inline(always)]
    pub fn element(&self, inputs: &Inputs, i: usize, j: usize) -> usize {
        let (row, col) = ((inputs.corner.0 + i as isize) as usize, (inputs.corner.1 + j as isize) as usize);
        inputs.frame + (row * self.conv.cols.input + col) * self.conv.cin
    }
}
