use super::*;
use crate::simd::on_every_instruction_set;
use proptest::prelude::*;

const COLORS: [Color; 3] = [Color::Rgb, Color::Bgr, Color::Gray];

/// A picture in a buffer with something between its rows, and its pixels as red, green, blue.
struct Sheet {
    data: Vec<u8>,
    size: (usize, usize),
    stride: usize,
    color: Color,
}

impl Sheet {
    fn new(size: (usize, usize), gap: usize, color: Color) -> Self {
        let stride = size.1 * CHANNELS + gap;
        let byte = |i: usize| (i as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes()[0];
        let data = (0..(size.0 - 1) * stride + size.1 * CHANNELS).map(byte).collect();
        Self { data, size, stride, color }
    }

    fn picture(&self) -> Picture<'_> {
        let (height, width) = self.size;
        Picture { data: &self.data, height, width, row_stride: self.stride, color: self.color }
    }

    fn pixel(&self, row: usize, column: usize) -> [u8; 3] {
        let at = row * self.stride + column * CHANNELS;
        let [a, b, c] = [self.data[at], self.data[at + 1], self.data[at + 2]];
        if self.color == Color::Bgr { [c, b, a] } else { [a, b, c] }
    }

    fn check(&self, size: (usize, usize), color: Color, interpolation: Interpolation) {
        let want = naive::convert(|row, column| self.pixel(row, column), self.size, size, color, interpolation);
        let what = format!("{:?} {:?} to {size:?} {color:?} {interpolation:?}", self.size, self.color);
        let mut floats = vec![f32::NAN; want.len()];
        convert(&self.picture(), &mut Frame::Floats(&mut floats, 0.5), size, color, interpolation).unwrap();
        let mut bytes = vec![77; want.len()];
        convert(&self.picture(), &mut Frame::Bytes(&mut bytes), size, color, interpolation).unwrap();
        for ((&want, float), byte) in want.iter().zip(floats).zip(bytes) {
            assert!((f64::from(float) - 0.5 * want).abs() < 1e-3, "{what}: {float} {}", 0.5 * want);
            assert!((f64::from(byte) - want).abs() < 0.501, "{what}: {byte} {want}");
        }
    }
}

proptest! {
    #![proptest_config(crate::testing::cases(64))]
    #[test]
    fn pictures_become_the_oracles_frames(
        from in (1usize..40, 1usize..60),
        to in (1usize..40, 1usize..40),
        gap in 0usize..5,
        bgr in any::<bool>(),
        color in prop::sample::select(COLORS.to_vec()),
        interpolation in prop::sample::select(vec![Interpolation::Area, Interpolation::Bilinear]),
    ) {
        let sheet = Sheet::new(from, gap, if bgr { Color::Bgr } else { Color::Rgb });
        on_every_instruction_set(|_| sheet.check(to, color, interpolation));
    }
}

#[test]
fn every_number_of_taps_and_every_algorithm_matches_the_oracle() {
    let sheet = Sheet::new((37, 120), 7, Color::Bgr);
    on_every_instruction_set(|_| {
        for color in COLORS {
            for width in [1, 7, 17, 20, 24, 30, 33, 40, 60, 80, 119, 120, 121] {
                for height in [12, 37, 38] {
                    sheet.check((height, width), color, Interpolation::Area);
                    sheet.check((height, width), color, Interpolation::Bilinear);
                }
            }
        }
    });
}

#[test]
fn a_white_picture_stays_white() {
    let data = vec![255; 50 * 71 * 3];
    let picture = Picture { data: &data, height: 50, width: 71, row_stride: 71 * 3, color: Color::Rgb };
    on_every_instruction_set(|_| {
        for size in [(13, 17), (49, 70), (60, 80), (7, 90)] {
            for (color, interpolation) in [(Color::Bgr, Interpolation::Area), (Color::Gray, Interpolation::Bilinear)] {
                let mut frame = vec![0; size.0 * size.1 * color.channels()];
                convert(&picture, &mut Frame::Bytes(&mut frame), size, color, interpolation).unwrap();
                assert!(frame.iter().all(|&level| level == 255));
            }
        }
    });
}

#[test]
fn what_makes_no_sense_is_refused() {
    let data = [0u8; 12];
    let picture = Picture { data: &data, height: 2, width: 2, row_stride: 6, color: Color::Rgb };
    let refusal = |picture: Picture, len: usize, size, color| {
        let mut frame = vec![0; len];
        convert(&picture, &mut Frame::Bytes(&mut frame), size, color, Interpolation::Area).unwrap_err().to_string()
    };
    let text = refusal(Picture { color: Color::Gray, ..picture }, 3, (1, 1), Color::Rgb);
    assert_eq!(text, "convert_picture: the picture's color must be rgb or bgr, but got Gray.");
    let text = refusal(Picture { height: 0, ..picture }, 3, (1, 1), Color::Rgb);
    assert_eq!(text, "convert_picture: picture must be of at least one pixel, but got (0, 2).");
    let text = refusal(picture, 0, (0, 1), Color::Rgb);
    assert_eq!(text, "convert_picture: frame must be of at least one pixel, but got (0, 1).");
    for wrong in [Picture { row_stride: 5, ..picture }, Picture { height: 3, ..picture }] {
        let text = refusal(wrong, 3, (1, 1), Color::Rgb);
        assert!(text.contains("rows of 2 pixels that do not overlap"), "{text}");
    }
    let text = refusal(picture, 5, (2, 2), Color::Gray);
    assert_eq!(text, "convert_picture: frame must be of shape [4], but got [5].");
}
