//! How a future is timed.

use std::{hint::black_box, time::Duration};

use criterion::Bencher;
use tokio::{
    runtime::{Builder, Runtime},
    time::Instant,
};

/// How many inputs are made at a time: enough to hide the clock, too few to leave the cache.
const BATCH: u64 = 64;

/// One thread for both sides, so that nothing measured depends on which core wakes when.
pub(crate) fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// Times a routine over inputs made beforehand. The runtime is entered once per sample and not once per round, which
/// would cost more than what is measured.
pub(crate) fn time<I, O>(
    bencher: &mut Bencher<'_>,
    runtime: &Runtime,
    mut input: impl FnMut() -> I,
    mut routine: impl AsyncFnMut(I) -> O,
) {
    bencher.iter_custom(|rounds| {
        runtime.block_on(async {
            let (mut left, mut spent) = (rounds, Duration::ZERO);
            while left > 0 {
                let batch = left.min(BATCH);
                let inputs: Vec<I> = (0..batch).map(|_| input()).collect();
                let start = Instant::now();
                for input in inputs {
                    drop(black_box(routine(input).await));
                }
                spent += start.elapsed();
                left -= batch;
            }
            spent
        })
    });
}
