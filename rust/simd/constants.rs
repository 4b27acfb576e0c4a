//! Coefficients of the functions in `math`, one set for each precision: minimax polynomials, lowest power first.

/// What `math` needs to know of a floating-point type.
pub trait Constants: Copy + 'static {
    /// ln 2 in two parts; the first has so few digits that its product with any exponent is exact.
    const LN_2: [Self; 2];
    /// Below, e^x counts as zero (there are few normal numbers left); above, it is infinite.
    const EXP_RANGE: [Self; 2];
    /// (e^r - 1 - r) / r² for |r| <= ln(2)/2.
    const EXP_TAIL: &'static [Self];
    /// (atanh(s)/s - 1) / s² in z = s², for |s| <= (√2 - 1) / (√2 + 1).
    const LN_TAIL: &'static [Self];
    /// Φ(-a) e^(a²/2) / t in t - 1/2, where t = 1 / (1 + a/4) and Φ is the normal distribution function.
    const NORMAL_TAIL: &'static [Self];
    /// (sin(2πf)/f - 2π) / f² in f², for |f| <= 1/8.
    const SIN_TAIL: &'static [Self];
    /// (cos(2πf) - 1) / f² in f², for |f| <= 1/8.
    const COS_TAIL: &'static [Self];
}

#[allow(clippy::excessive_precision)] // the shortest text of the f64 that was found; rounding is the compiler's work
impl Constants for f32 {
    const LN_2: [f32; 2] = [0.693_145_75, 1.428_606_8e-6];
    const EXP_RANGE: [f32; 2] = [-86.9, 88.722_84];
    const EXP_TAIL: &'static [f32] =
        &[4.999999345e-01, 1.666652063e-01, 4.166838799e-02, 8.368717157e-03, 1.381460245e-03];
    const LN_TAIL: &'static [f32] = &[3.333338821e-01, 1.998876851e-01, 1.493593065e-01];
    const NORMAL_TAIL: &'static [f32] = &[
        1.888212838e-01,
        3.039482899e-01,
        3.871369165e-01,
        3.730473125e-01,
        2.416139584e-01,
        6.019203620e-02,
        -5.616338425e-02,
        -5.018906600e-02,
        1.117824415e-02,
        1.717707339e-02,
    ];
    const SIN_TAIL: &'static [f32] = &[-4.134167316e+01, 8.159393693e+01, -7.545339517e+01];
    const COS_TAIL: &'static [f32] = &[-1.973916726e+01, 6.492322861e+01, -8.366591941e+01];
}

impl Constants for f64 {
    const LN_2: [f64; 2] = [0.6931471803691238, 1.9082149292705877e-10];
    const EXP_RANGE: [f64; 2] = [-708.0, 709.782712893384];
    const EXP_TAIL: &'static [f64] = &[
        0.5000000000000011,
        0.16666666666666413,
        0.04166666666653016,
        0.008333333333494465,
        0.0013888888943628945,
        0.0001984126950656571,
        2.480149310007098e-05,
        2.755758638843295e-06,
        2.7630247990155085e-07,
        2.5000056708160523e-08,
    ];
    const LN_TAIL: &'static [f64] = &[
        0.3333333333333367,
        0.1999999999970717,
        0.14285714371236238,
        0.11111099281821835,
        0.090917824308804,
        0.07657017949204162,
        0.07398052643729958,
    ];
    const NORMAL_TAIL: &'static [f64] = &[
        0.18882128260393788,
        0.30394832098594604,
        0.3871374007422195,
        0.37304371591933083,
        0.24158629956266522,
        0.06032151173148167,
        -0.0556750777857209,
        -0.05218619050498687,
        0.008534031905946387,
        0.029580147676830454,
        -0.0004884080662801572,
        -0.017994019695352345,
        0.0007321350567928944,
        0.012124183360614315,
        -0.0025609367313851376,
        -0.008371056390678372,
        0.0043279142892093244,
        0.00513121979277657,
        -0.005060084206832174,
        -0.0021062529525882265,
        0.0038323360587813452,
        0.00017778199724494633,
        -0.0012547078427596985,
    ];
    const SIN_TAIL: &'static [f64] = &[
        -41.34170224039976,
        81.60524927607496,
        -76.70585975300453,
        42.05869393000349,
        -15.094640489594754,
        3.819791798741204,
        -0.711698880145622,
    ];
    const COS_TAIL: &'static [f64] = &[
        -19.739208802178716,
        64.93939402266801,
        -85.45681720654005,
        60.24464133161166,
        -26.4262511404277,
        7.903101637915091,
        -1.6970200787178533,
    ];
}
