use super::element::Element;

/// An instruction set: the vectors it offers. Values of these types may only be used inside `dispatch`.
pub trait Simd: Copy + Send + Sync + 'static {
    /// Vector of f32.
    type F32: Vector<Elem = f32>;
    /// Vector of f64.
    type F64: Vector<Elem = f64>;
    /// Number of vector registers: how large a tile of sums may be.
    const REGISTERS: usize;
}

/// The most lanes any vector has.
pub const MAX_LANES: usize = 16;

/// A vector register of floating-point lanes. Everything is lane by lane unless it says otherwise.
pub trait Vector: Copy {
    /// Type of a lane.
    type Elem: Element;
    /// One truth value a lane.
    type Mask: Copy;
    /// Number of lanes.
    const LANES: usize;

    /// All lanes `value`.
    fn splat(value: Self::Elem) -> Self;
    /// Reads `LANES` elements.
    ///
    /// # Safety
    /// `from` is valid for reading `LANES` elements (no alignment is needed).
    unsafe fn load(from: *const Self::Elem) -> Self;
    /// Writes `LANES` elements.
    ///
    /// # Safety
    /// `to` is valid for writing `LANES` elements (no alignment is needed).
    unsafe fn store(self, to: *mut Self::Elem);
    /// Reads the first `count` (at most `LANES`) elements, the other lanes are 0.
    ///
    /// # Safety
    /// `from` is valid for reading `count` elements.
    unsafe fn load_partial(from: *const Self::Elem, count: usize) -> Self;
    /// Writes the first `count` (at most `LANES`) lanes.
    ///
    /// # Safety
    /// `to` is valid for writing `count` elements.
    unsafe fn store_partial(self, to: *mut Self::Elem, count: usize);

    /// self + other
    fn add(self, other: Self) -> Self;
    /// self - other
    fn sub(self, other: Self) -> Self;
    /// self * other
    fn mul(self, other: Self) -> Self;
    /// self / other
    fn div(self, other: Self) -> Self;
    /// self / other within 0.6 units in the last place, where both and the inverse of `other` are normal numbers. A division is one of
    /// the slowest instructions there are: where an estimate exists, it serves with a Newton step.
    #[inline(always)]
    fn quotient(self, other: Self) -> Self {
        self.div(other)
    }
    /// self * factor + addend; rounded once where the instruction set can.
    fn mul_add(self, factor: Self, addend: Self) -> Self;
    /// addend - self * factor; rounded once where the instruction set can.
    fn neg_mul_add(self, factor: Self, addend: Self) -> Self;
    /// self where self < other, else other (so `other` where one is NaN).
    fn min(self, other: Self) -> Self;
    /// self where self > other, else other (so `other` where one is NaN).
    fn max(self, other: Self) -> Self;
    /// Square root.
    fn sqrt(self) -> Self;
    /// self / (sqrt(square) + epsilon), the step of many optimisers, within two units in the last place of the quotient plus what epsilon
    /// hides. Divisions and roots are the slowest instructions there are: where estimates exist, they serve with a Newton step each.
    #[inline(always)]
    fn over_root(self, square: Self, epsilon: Self) -> Self {
        self.div(square.sqrt().add(epsilon))
    }
    /// Absolute value.
    fn abs(self) -> Self;
    /// Nearest integral value, ties to even.
    fn round(self) -> Self;
    /// 2 to the power of self, for integral lanes in the range of normal exponents (-126..=127 or -1022..=1023).
    fn exp2_integral(self) -> Self;

    /// self < other (false for NaN)
    fn lt(self, other: Self) -> Self::Mask;
    /// self <= other (false for NaN)
    fn le(self, other: Self) -> Self::Mask;
    /// self == other (false for NaN)
    fn eq(self, other: Self) -> Self::Mask;
    /// `yes` where the mask is set, else `no`.
    fn select(mask: Self::Mask, yes: Self, no: Self) -> Self;
    /// Both set.
    fn mask_and(a: Self::Mask, b: Self::Mask) -> Self::Mask;
    /// At least one set.
    fn mask_or(a: Self::Mask, b: Self::Mask) -> Self::Mask;
    /// Bit i is lane i.
    fn mask_bits(mask: Self::Mask) -> u32;

    /// All lanes 0.
    #[inline(always)]
    fn zero() -> Self {
        Self::splat(Self::Elem::ZERO)
    }
    /// -self (0 - self: the sign of a zero is not kept).
    #[inline(always)]
    fn neg(self) -> Self {
        Self::zero().sub(self)
    }
    /// self > other (false for NaN)
    #[inline(always)]
    fn gt(self, other: Self) -> Self::Mask {
        other.lt(self)
    }
    /// self >= other (false for NaN)
    #[inline(always)]
    fn ge(self, other: Self) -> Self::Mask {
        other.le(self)
    }
    /// Lanes where one of both is not a number.
    fn unordered(self, other: Self) -> Self::Mask;
    /// Lanes that are not a number.
    #[inline(always)]
    fn is_nan(self) -> Self::Mask {
        self.unordered(self)
    }
    /// Whether any lane is set.
    #[inline(always)]
    fn any(mask: Self::Mask) -> bool {
        Self::mask_bits(mask) != 0
    }
    /// The lanes, then zeros.
    #[inline(always)]
    fn to_array(self) -> [Self::Elem; MAX_LANES] {
        let mut lanes = [Self::Elem::ZERO; MAX_LANES];
        // SAFETY: LANES <= MAX_LANES.
        unsafe { self.store(lanes.as_mut_ptr()) };
        lanes
    }
    /// The first `LANES` of `lanes`.
    #[inline(always)]
    fn from_array(lanes: &[Self::Elem; MAX_LANES]) -> Self {
        // SAFETY: LANES <= MAX_LANES.
        unsafe { Self::load(lanes.as_ptr()) }
    }
    /// A scalar function on every lane: for what has no vector form.
    #[inline(always)]
    fn map(self, function: impl Fn(Self::Elem) -> Self::Elem) -> Self {
        let mut lanes = self.to_array();
        lanes[..Self::LANES].iter_mut().for_each(|lane| *lane = function(*lane));
        Self::from_array(&lanes)
    }
    /// Sum of the lanes: halves are added to each other until one is left.
    #[inline(always)]
    fn reduce_sum(self) -> Self::Elem {
        let mut lanes = self.to_array();
        let mut half = Self::LANES / 2;
        while half > 0 {
            for i in 0..half {
                let upper = lanes[i + half];
                lanes[i] += upper;
            }
            half /= 2;
        }
        lanes[0]
    }
    /// Largest lane; NaN lanes are passed over unless they come first.
    #[inline(always)]
    fn reduce_max(self) -> Self::Elem {
        let lanes = self.to_array();
        lanes[1..Self::LANES].iter().fold(lanes[0], |best, &lane| if lane > best { lane } else { best })
    }
    /// `load_partial`, without a mask where all lanes are read.
    ///
    /// # Safety
    /// `from` is valid for reading `count` (at most `LANES`) elements.
    #[inline(always)]
    unsafe fn load_up_to(from: *const Self::Elem, count: usize) -> Self {
        // SAFETY: the caller's promise.
        unsafe { if count == Self::LANES { Self::load(from) } else { Self::load_partial(from, count) } }
    }
    /// `store_partial`, without a mask where all lanes are written.
    ///
    /// # Safety
    /// `to` is valid for writing `count` (at most `LANES`) elements.
    #[inline(always)]
    unsafe fn store_up_to(self, to: *mut Self::Elem, count: usize) {
        // SAFETY: the caller's promise.
        unsafe { if count == Self::LANES { self.store(to) } else { self.store_partial(to, count) } }
    }
    /// Writes the lanes that the mask names next to each other, and returns how many they are. What lies behind them is undefined.
    ///
    /// # Safety
    /// `to` is valid for writing `LANES` elements.
    #[inline(always)]
    unsafe fn compress(self, mask: Self::Mask, to: *mut Self::Elem) -> usize {
        let lanes = self.to_array();
        let mut count = 0;
        for (lane, &value) in lanes[..Self::LANES].iter().enumerate() {
            // SAFETY: count <= lane < LANES.
            unsafe { *to.add(count) = value };
            count += (Self::mask_bits(mask) >> lane & 1) as usize;
        }
        count
    }
    /// Whether `pick` is one instruction.
    const PICKS: bool = false;
    /// The lanes, integral and in 0..=255, as indices: what `pick` takes.
    #[inline(always)]
    fn to_indices(self) -> Self {
        self.map(|lane| Self::Elem::from_index(lane.to_f64() as u32))
    }
    /// For each lane, which carries an index (`Element::from_index`): that lane of `first` and, behind it, `second`. Counts from 0 again
    /// behind the last one.
    #[inline(always)]
    fn pick(self, first: Self, second: Self) -> Self {
        let (first, second) = (first.to_array(), second.to_array());
        self.map(|lane| {
            let index = lane.to_index() as usize % (2 * Self::LANES);
            if index < Self::LANES { first[index] } else { second[index - Self::LANES] }
        })
    }
    /// The lanes of both by turns, self's first: those of the lower halves, those of the upper halves.
    #[inline(always)]
    fn interleave(self, other: Self) -> (Self, Self) {
        let (a, b) = (self.to_array(), other.to_array());
        let mut both = [[Self::Elem::ZERO; MAX_LANES]; 2];
        for lane in 0..Self::LANES {
            let place = 2 * lane;
            both[place / Self::LANES][place % Self::LANES] = a[lane];
            both[(place + 1) / Self::LANES][(place + 1) % Self::LANES] = b[lane];
        }
        (Self::from_array(&both[0]), Self::from_array(&both[1]))
    }
    /// Reads four elements; the other lanes are undefined. Only for vectors of at least four lanes.
    ///
    /// # Safety
    /// `from` is valid for reading four elements.
    #[inline(always)]
    unsafe fn load_quad(from: *const Self::Elem) -> Self {
        // SAFETY: the caller's promise.
        unsafe { Self::load_partial(from, 4) }
    }
    /// Reads `LANES` bytes as numbers.
    ///
    /// # Safety
    /// `from` is valid for reading `LANES` bytes.
    #[inline(always)]
    unsafe fn load_bytes(from: *const u8) -> Self {
        let mut lanes = [Self::Elem::ZERO; MAX_LANES];
        for (i, lane) in lanes[..Self::LANES].iter_mut().enumerate() {
            // SAFETY: i < LANES; the caller vouches for the pointer.
            *lane = Self::Elem::from_f64(f64::from(unsafe { *from.add(i) }));
        }
        Self::from_array(&lanes)
    }
    /// Writes the lanes, integral and in 0..=255, as bytes.
    ///
    /// # Safety
    /// `to` is valid for writing `LANES` bytes.
    #[inline(always)]
    unsafe fn store_bytes(self, to: *mut u8) {
        let lanes = self.to_array();
        for (i, lane) in lanes[..Self::LANES].iter().enumerate() {
            // SAFETY: i < LANES; the caller vouches for the pointer.
            unsafe { *to.add(i) = lane.to_f64() as u8 };
        }
    }
    /// Reads `count` bytes as numbers, the other lanes are 0.
    ///
    /// # Safety
    /// `from` is valid for reading `count` (at most `LANES`) bytes.
    #[inline(always)]
    unsafe fn load_bytes_partial(from: *const u8, count: usize) -> Self {
        // SAFETY: the caller's promise; the array has LANES bytes.
        unsafe {
            if count == Self::LANES {
                return Self::load_bytes(from);
            }
            let mut bytes = [0; MAX_LANES];
            std::ptr::copy_nonoverlapping(from, bytes.as_mut_ptr(), count);
            Self::load_bytes(bytes.as_ptr())
        }
    }
    /// Writes the first `count` lanes, integral and in 0..=255, as bytes.
    ///
    /// # Safety
    /// `to` is valid for writing `count` (at most `LANES`) bytes.
    #[inline(always)]
    unsafe fn store_bytes_partial(self, to: *mut u8, count: usize) {
        // SAFETY: the caller's promise; the array has LANES bytes.
        unsafe {
            if count == Self::LANES {
                return self.store_bytes(to);
            }
            let mut bytes = [0; MAX_LANES];
            self.store_bytes(bytes.as_mut_ptr());
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), to, count);
        }
    }
}
