//! Randomness, as a value that tests can repeat.

use std::{
    fmt::{self, Debug},
    sync::{Mutex, PoisonError},
};

use sha2::{Digest, Sha256};

/// A source of bytes that nobody can guess, unless it is one for tests.
pub trait Random: Send + Sync + Debug {
    /// Fills `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}

/// The operating system's randomness: fit for tokens and keys.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsRandom;

impl Random for OsRandom {
    /// # Panics
    /// If the operating system has no randomness to give; no safe program goes on without it.
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the operating system gives randomness");
    }
}

/// The same bytes for the same seed, for tests. They are not secret: who knows the seed knows all.
pub struct SeededRandom {
    seed: u64,
    blocks: Mutex<Blocks>,
}

#[derive(Default)]
struct Blocks {
    next: u64,
    left: Vec<u8>,
}

impl SeededRandom {
    /// A source that starts at the beginning of the sequence of `seed`.
    pub fn new(seed: u64) -> Self {
        Self { seed, blocks: Mutex::default() }
    }
}

impl Random for SeededRandom {
    fn fill(&self, bytes: &mut [u8]) {
        let mut blocks = self.blocks.lock().unwrap_or_else(PoisonError::into_inner);
        for byte in bytes {
            if blocks.left.is_empty() {
                let input = [self.seed.to_be_bytes(), blocks.next.to_be_bytes()].concat();
                blocks.left = Sha256::digest(input).to_vec();
                blocks.next += 1;
            }
            *byte = blocks.left.pop().expect("a block has just been made");
        }
    }
}

impl Debug for SeededRandom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SeededRandom").field("seed", &self.seed).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn bytes(random: &dyn Random, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        random.fill(&mut bytes);
        bytes
    }

    #[test]
    fn a_seed_repeats_itself_however_it_is_asked() {
        let at_once = bytes(&SeededRandom::new(7), 100);
        let random = SeededRandom::new(7);
        let bit_by_bit: Vec<u8> =
            [1, 40, 0, 59].iter().flat_map(|&length| bytes(&random, length)).collect();

        assert_eq!(at_once, bit_by_bit);
        assert_ne!(at_once, bytes(&SeededRandom::new(8), 100));
    }

    #[test]
    fn a_seeds_blocks_differ() {
        let random = SeededRandom::new(0);
        let seen: HashSet<Vec<u8>> = (0..1000).map(|_| bytes(&random, 16)).collect();
        assert_eq!(seen.len(), 1000);
    }

    #[test]
    fn the_operating_systems_bytes_do_not_repeat() {
        assert_ne!(bytes(&OsRandom, 32), bytes(&OsRandom, 32));
    }
}
