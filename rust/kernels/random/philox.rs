//! Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", 2011): ten rounds of
//! multiplications turn a 128-bit counter and a 64-bit key into 128 random bits, with no state in between.

/// Counters that are hashed together, so that the compiler can keep several in one vector register.
pub const BATCH: usize = 16;

const ROUNDS: usize = 10;
const MULTIPLIERS: [u64; 2] = [0xD251_1F53, 0xCD9E_8D57];
const KEY_STEPS: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];

/// The random words of `N` counters. `counters[w][i]` is word `w` of counter `i`, and likewise the result.
#[inline(always)]
pub fn philox<const N: usize>(counters: &[[u32; N]; 4], key: [u32; 2]) -> [[u32; N]; 4] {
    let [mut a, mut b, mut c, mut d] = counters.map(|word| word.map(u64::from));
    let mut key = key;
    for _ in 0..ROUNDS {
        for i in 0..N {
            let left = (a[i] & LOW) * MULTIPLIERS[0];
            let right = (c[i] & LOW) * MULTIPLIERS[1];
            a[i] = (right >> 32) ^ b[i] ^ u64::from(key[0]);
            c[i] = (left >> 32) ^ d[i] ^ u64::from(key[1]);
            b[i] = right & LOW;
            d[i] = left & LOW;
        }
        key = [key[0].wrapping_add(KEY_STEPS[0]), key[1].wrapping_add(KEY_STEPS[1])];
    }
    [a, b, c, d].map(|word| word.map(|value| value as u32))
}

/// Spelled out so that the compiler sees 32-bit factors and takes the vector multiplication it has for them.
const LOW: u64 = 0xFFFF_FFFF;

#[cfg(test)]
mod tests {
    use super::*;

    /// The known answers published with the generator (file `kat_vectors` of Random123).
    #[test]
    fn agrees_with_the_published_vectors() {
        let ones = u32::MAX;
        let cases = [
            ([0; 4], [0; 2], [0x6627_E8D5, 0xE169_C58D, 0xBC57_AC4C, 0x9B00_DBD8]),
            ([ones; 4], [ones; 2], [0x408F_276D, 0x41C8_3B0E, 0xA20B_C7C6, 0x6D54_51FD]),
            (
                [0x243F_6A88, 0x85A3_08D3, 0x1319_8A2E, 0x0370_7344],
                [0xA409_3822, 0x299F_31D0],
                [0xD16C_FE09, 0x94FD_CCEB, 0x5001_E420, 0x2412_6EA1],
            ),
        ];
        for (counter, key, expected) in cases {
            assert_eq!(philox(&counter.map(|word| [word]), key).map(|word| word[0]), expected);
            // Every place of a batch gives the same.
            let batch = philox(&counter.map(|word| [word; BATCH]), key);
            assert_eq!(batch, expected.map(|word| [word; BATCH]));
        }
    }
}
