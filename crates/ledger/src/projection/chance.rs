//! Numbers drawn at random, the same on every machine: a counter-based generator, and the quantiles of the shapes.
//!
//! What a draw comes to depends on the seed, its name and its number alone, so that drafts see the same future, and
//! adding one quantity changes no other. Curves that need logarithms are evaluated by `libm`, in software and with
//! IEEE 754 operations alone, and cut to nine decimals before they meet an amount.

use abide_model::money::Exact;
use abide_model::scenario::{Quantity, Shape};

/// Decimals that a quantile keeps.
const GRID: f64 = 1e9;
/// The same as a denominator.
const GRID_WHOLE: i128 = 1_000_000_000;
/// How far out the bell curve is at its ninetieth percentile.
const Z_P90: f64 = 1.281_551_565_544_600_4;

/// Which future is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Run {
    /// The one in which every number is the one in the middle.
    Middle,
    /// A random one.
    Drawn { seed: u64, number: u32 },
}

/// What `quantity` is in this future.
pub(super) fn value(quantity: &Quantity, run: Run) -> Exact {
    match quantity {
        Quantity::Fixed(exact) => exact.clone(),
        Quantity::Random { shape, draw } => quantile(shape, uniform(run, draw)),
    }
}

/// Where a draw lies between 0 and 1, never either: exactly.
pub(super) fn place(run: Run, draw: &str) -> Exact {
    let odd = i128::from(bits(run, draw)) * 2 + i128::from(run != Run::Middle);
    Exact::ratio(odd, 1 << (BITS + 1)).unwrap_or_default()
}

/// The same as a float, as near as it can be.
fn uniform(run: Run, draw: &str) -> f64 {
    let half = if run == Run::Middle { 0.0 } else { 0.5 };
    (bits(run, draw) as f64 + half) / (1u64 << BITS) as f64
}

/// As many bits as a float holds.
const BITS: u32 = 53;

fn bits(run: Run, draw: &str) -> u64 {
    match run {
        Run::Middle => 1 << (BITS - 1),
        Run::Drawn { seed, number } => {
            let (low, high) = halves(fnv(draw));
            let (key_low, key_high) = halves(seed);
            let [a, b, _, _] = philox([number, 0, low, high], [key_low, key_high]);
            (u64::from(a) << 32 | u64::from(b)) >> (u64::BITS - BITS)
        }
    }
}

/// The number that a part `u` of all draws stays below.
fn quantile(shape: &Shape, u: f64) -> Exact {
    match shape {
        Shape::Uniform { low, high } => between(low, high, u),
        Shape::Triangular { low, mode, high } => triangular(low, mode, high, u),
        Shape::Normal { mean, deviation } => mean + &(deviation * &cut(normal(u))),
        Shape::Lognormal { median, p90 } => {
            let ratio = (p90 / median).map_or(1.0, |ratio| float(&ratio));
            median * &cut(libm::exp(libm::log(ratio) * normal(u) / Z_P90))
        }
    }
}

fn between(low: &Exact, high: &Exact, part: f64) -> Exact {
    low + &(&(high - low) * &cut(part))
}

fn triangular(low: &Exact, mode: &Exact, high: &Exact, u: f64) -> Exact {
    let rising = (&(mode - low) / &(high - low)).map_or(0.0, |part| float(&part));
    let part = if u < rising { libm::sqrt(u * rising) } else { 1.0 - libm::sqrt((1.0 - u) * (1.0 - rising)) };
    between(low, high, part)
}

/// Cut to nine decimals. What is drawn lies far within the range of 64 bits.
fn cut(x: f64) -> Exact {
    Exact::ratio(libm::round(x * GRID) as i128, GRID_WHOLE).unwrap_or_default()
}

/// Near enough for the shape of a curve.
fn float(exact: &Exact) -> f64 {
    let scaled = (exact * &Exact::whole(GRID_WHOLE)).round_half_even().unwrap_or(i128::MAX);
    scaled as f64 / GRID
}

/// The inverse of the normal distribution: M. J. Wichura, Algorithm AS 241 (PPND16), Applied Statistics 37 (1988).
fn normal(u: f64) -> f64 {
    let q = u - 0.5;
    if q.abs() <= 0.425 {
        return q * ratio(&CENTRE, 0.180_625 - q * q);
    }
    let r = libm::sqrt(-libm::log(if q < 0.0 { u } else { 1.0 - u }));
    let far = if r <= 5.0 { ratio(&MIDDLE, r - 1.6) } else { ratio(&TAIL, r - 5.0) };
    if q < 0.0 { -far } else { far }
}

/// A quotient of two polynomials, by their coefficients from the constant on.
type Quotient = [[f64; 8]; 2];

fn ratio(quotient: &Quotient, r: f64) -> f64 {
    let [above, below] = quotient;
    let at = |coefficients: &[f64; 8]| coefficients.iter().rev().fold(0.0, |sum, c| sum * r + c);
    at(above) / at(below)
}

const CENTRE: Quotient = [
    [
        3.387_132_872_796_366_5,
        133.141_667_891_784_38,
        1_971.590_950_306_551_3,
        13_731.693_765_509_46,
        45_921.953_931_549_87,
        67_265.770_927_008_7,
        33_430.575_583_588_13,
        2_509.080_928_730_122_7,
    ],
    [
        1.0,
        42.313_330_701_600_91,
        687.187_007_492_057_9,
        5_394.196_021_424_751,
        21_213.794_301_586_597,
        39_307.895_800_092_71,
        28_729.085_735_721_943,
        5_226.495_278_852_545,
    ],
];
const MIDDLE: Quotient = [
    [
        1.423_437_110_749_683_5,
        4.630_337_846_156_546,
        5.769_497_221_460_691,
        3.647_848_324_763_204_5,
        1.270_458_252_452_368_4,
        0.241_780_725_177_450_6,
        0.022_723_844_989_269_184,
        7.745_450_142_783_414e-4,
    ],
    [
        1.0,
        2.053_191_626_637_759,
        1.676_384_830_183_803_8,
        0.689_767_334_985_1,
        0.148_103_976_427_480_08,
        0.015_198_666_563_616_457,
        5.475_938_084_995_345e-4,
        1.050_750_071_644_416_9e-9,
    ],
];
const TAIL: Quotient = [
    [
        6.657_904_643_501_103,
        5.463_784_911_164_114,
        1.784_826_539_917_291_3,
        0.296_560_571_828_504_87,
        0.026_532_189_526_576_124,
        0.001_242_660_947_388_078_4,
        2.711_555_568_743_487_6e-5,
        2.010_334_399_292_288_1e-7,
    ],
    [
        1.0,
        0.599_832_206_555_887_9,
        0.136_929_880_922_735_8,
        0.014_875_361_290_850_615,
        7.868_691_311_456_133e-4,
        1.846_318_317_510_054_8e-5,
        1.421_511_758_316_446e-7,
        2.044_263_103_389_939_8e-15,
    ],
];

/// The name of a draw as a number: FNV-1a.
fn fnv(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

fn halves(n: u64) -> (u32, u32) {
    (n as u32, (n >> 32) as u32)
}

/// Philox 4×32 with ten rounds: Salmon and others, Parallel Random Numbers: As Easy as 1, 2, 3 (2011).
fn philox(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    for _ in 0..10 {
        let [a, b, c, d] = counter;
        let [k, l] = key;
        let (low_a, high_a) = halves(u64::from(a) * 0xd251_1f53);
        let (low_c, high_c) = halves(u64::from(c) * 0xcd9e_8d57);
        counter = [high_c ^ b ^ k, low_c, high_a ^ d ^ l, low_a];
        key = [k.wrapping_add(0x9e37_79b9), l.wrapping_add(0xbb67_ae85)];
    }
    counter
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    #[test]
    fn the_generator_gives_what_its_authors_publish() {
        let rows = [
            ([0; 4], [0; 2], [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]),
            ([u32::MAX; 4], [u32::MAX; 2], [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]),
            (
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
                [0xa409_3822, 0x299f_31d0],
                [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1],
            ),
        ];
        for (counter, key, wanted) in rows {
            assert_eq!(philox(counter, key), wanted);
        }
    }

    #[test]
    fn the_bell_curve_is_that_of_the_tables() {
        // Abramowitz and Stegun, table 26.5, and the values that AS 241 prints.
        for (u, z) in [
            (0.5, 0.0),
            (0.25, -0.674_489_750_196_081_7),
            (0.001, -3.090_232_306_167_813_5),
            (1e-20, -9.262_340_089_798_408),
            (0.975, 1.959_963_984_540_054),
            (0.9, Z_P90),
        ] {
            assert!((normal(u) - z).abs() < 1e-13, "{u}: {}", normal(u));
        }
    }

    fn exact(text: &str) -> Exact {
        Exact::parse(text).unwrap()
    }

    #[test]
    fn each_shape_has_its_quantiles() {
        let shapes = [
            ("uniform", Shape::Uniform { low: exact("10"), high: exact("20") }),
            ("triangular", Shape::Triangular { low: exact("0"), mode: exact("20"), high: exact("100") }),
            ("normal", Shape::Normal { mean: exact("40%"), deviation: exact("10%") }),
            ("lognormal", Shape::Lognormal { median: exact("10"), p90: exact("25") }),
        ];
        let mut out = String::new();
        for (name, shape) in shapes {
            let at: Vec<_> = [0.1, 0.5, 0.9].iter().map(|u| quantile(&shape, *u).to_string()).collect();
            out += &format!("{name}: {}\n", at.join(" "));
        }
        expect![[r#"
            uniform: 11 15 19
            triangular: 14.1421356 36.7544468 71.7157288
            normal: 0.2718448434 0.4 0.5281551566
            lognormal: 4 10 25
        "#]]
        .assert_eq(&out);
    }

    #[test]
    fn draws_of_one_name_are_the_same_and_those_of_another_are_not() {
        let run = |number| Run::Drawn { seed: 7131, number };
        let quantity = |draw: &str| Quantity::Random {
            shape: Shape::Uniform { low: exact("0"), high: exact("1") },
            draw: draw.to_owned(),
        };
        let drawn =
            |draw: &str| (0..3).map(|n| value(&quantity(draw), run(n)).to_string()).collect::<Vec<_>>();
        assert_eq!(drawn("market"), drawn("market"));
        expect![[r#"
            ["0.321949909", "0.042320951", "0.990035078"]
            ["0.541880083", "0.160558502", "0.635445304"]"#]]
        .assert_eq(&format!("{:?}\n{:?}", drawn("market"), drawn("aws.growth")));
    }

    #[test]
    fn many_draws_are_spread_as_the_shape_says() {
        let shape = Shape::Normal { mean: exact("0"), deviation: exact("1") };
        let quantity = Quantity::Random { shape, draw: "z".to_owned() };
        let below = |limit: &str| {
            let limit = exact(limit);
            (0..4_000).filter(|n| value(&quantity, Run::Drawn { seed: 1, number: *n }) < limit).count()
        };
        // Of 4,000, within three standard deviations of 636, 2,000 and 3,364.
        assert!(
            below("-1").abs_diff(635) < 70
                && below("0").abs_diff(2_000) < 95
                && below("1").abs_diff(3_365) < 70
        );
    }
}
