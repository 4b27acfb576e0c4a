//! Which old rows (or columns) make a new one, and with what weights. Every sum of weights is 1.

/// For each new position, `taps` neighbouring old ones from `first` on; weights beyond its `count` are 0.
pub struct Axis {
    /// Old positions there are.
    pub from: usize,
    /// The most old positions that make a new one.
    pub taps: usize,
    first: Vec<usize>,
    count: Vec<usize>,
    weights: Vec<f32>,
}

impl Axis {
    /// Each new position is the mean of the stretch it covers. In units of 1/(from * to), old ones are `to` long, new ones `from`:
    /// whole numbers, so that nothing is lost to rounding where they meet.
    pub fn area(from: usize, to: usize) -> Self {
        let covered = |index: usize| index * from / to..((index + 1) * from).div_ceil(to);
        let taps = (0..to).map(|index| covered(index).len()).max().unwrap_or(1);
        let mut axis = Self::with_room(from, to, taps);
        for index in 0..to {
            let (start, end) = (index * from, (index + 1) * from);
            let covered = covered(index);
            let share = |old: usize| (end.min((old + 1) * to) - start.max(old * to)) as f32 / from as f32;
            axis.push(covered.start, covered.map(share));
        }
        axis
    }

    /// Each new position lies linearly between the two old ones around its centre; there is nothing beyond the outermost.
    pub fn linear(from: usize, to: usize) -> Self {
        let scale = from as f64 / to as f64;
        Self::between(from, to, |index| {
            let centre = ((index as f64 + 0.5) * scale - 0.5).max(0.0);
            (centre.floor() as usize, centre.fract())
        })
    }

    /// What OpenCV does where an area is to grow: old positions become stretches, blended only where two share a new position.
    pub fn stretched(from: usize, to: usize) -> Self {
        let scale = from as f64 / to as f64;
        Self::between(from, to, |index| {
            let old = (index as f64 * scale).floor();
            let beyond = (index + 1) as f64 - (old + 1.0) / scale;
            (old as usize, if beyond <= 0.0 { 0.0 } else { beyond.fract() })
        })
    }

    /// Two taps: `place` gives the first and the weight of the second.
    fn between(from: usize, to: usize, place: impl Fn(usize) -> (usize, f64)) -> Self {
        let mut axis = Self::with_room(from, to, from.min(2));
        for index in 0..to {
            let (old, weight) = place(index);
            match (old + 1 < from, from) {
                (true, _) => axis.push(old, [(1.0 - weight) as f32, weight as f32].into_iter()),
                (false, 1) => axis.push(0, [1.0].into_iter()),
                (false, _) => axis.push(from - 2, [0.0, 1.0].into_iter()),
            }
        }
        axis
    }

    fn with_room(from: usize, to: usize, taps: usize) -> Self {
        let (first, count) = (Vec::with_capacity(to), Vec::with_capacity(to));
        Self { from, taps, first, count, weights: Vec::with_capacity(to * taps) }
    }

    fn push(&mut self, first: usize, weights: impl Iterator<Item = f32>) {
        let before = self.weights.len();
        self.weights.extend(weights);
        self.first.push(first);
        self.count.push(self.weights.len() - before);
        debug_assert!(first + self.count[self.count.len() - 1] <= self.from);
        self.weights.resize(before + self.taps, 0.0);
    }

    /// New positions.
    #[inline(always)]
    pub fn to(&self) -> usize {
        self.first.len()
    }

    /// The first old position of a new one.
    #[inline(always)]
    pub fn first(&self, index: usize) -> usize {
        self.first[index]
    }

    /// The weights of a new position, without the zeros behind them.
    #[inline(always)]
    pub fn weights(&self, index: usize) -> &[f32] {
        &self.padded_weights(index)[..self.count[index]]
    }

    /// `taps` weights.
    #[inline(always)]
    pub fn padded_weights(&self, index: usize) -> &[f32] {
        &self.weights[index * self.taps..][..self.taps]
    }
}
