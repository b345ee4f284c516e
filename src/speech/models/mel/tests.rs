use super::*;

/// Values of the filter bank that OpenAI ships with Whisper (`mel_filters.npz`, made by librosa): band, first bin,
/// last bin, first weights.
const OPENAI: [(usize, usize, usize, &[f64]); 6] = [
    (0, 1, 1, &[0.02486259490251541]),
    (1, 1, 2, &[0.001990821911022067, 0.022871771827340126]),
    (20, 19, 20, &[0.010972199961543083, 0.013890394009649754]),
    (40, 42, 44, &[0.005411104764789343, 0.014735566452145576, 0.006518189795315266]),
    (60, 90, 96, &[0.0014345343224704266, 0.0034412189852446318, 0.005447904113680124, 0.006591092795133591]),
    (79, 186, 199, &[0.000366741674952209, 0.0008330700220540166, 0.0012993983691558242]),
];

#[test]
fn filters_are_those_of_openai() {
    let filters = filter_bank(80, 400, 16_000.0);
    assert_eq!(filters.len(), 80 * 201);
    for (band, first, last, weights) in OPENAI {
        let filter = &filters[band * 201..][..201];
        let heard: Vec<usize> = (0..201).filter(|bin| filter[*bin] != 0.0).collect();
        assert_eq!((heard.first(), heard.last()), (Some(&first), Some(&last)), "band {band}");
        for (offset, weight) in weights.iter().enumerate() {
            let difference = (f64::from(filter[first + offset]) - weight).abs();
            assert!(difference < 5e-9, "band {band}, bin {}: {difference}", first + offset);
        }
    }
    let sum: f64 = filters.iter().map(|weight| f64::from(*weight)).sum();
    assert!((sum - 1.999_024_2).abs() < 1e-5, "{sum}");
}

#[test]
fn the_scale_is_its_own_inverse() {
    for hz in [0.0, 100.0, 999.0, 1_000.0, 1_001.0, 4_000.0, 8_000.0] {
        assert!((to_hz(to_mel(hz)) - hz).abs() < 1e-9, "{hz}");
    }
    // librosa.hz_to_mel(4000)
    assert!((to_mel(4_000.0) - 35.163_760).abs() < 1e-5);
}
