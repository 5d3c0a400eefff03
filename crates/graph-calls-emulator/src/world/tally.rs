//! Counting that does not grow for ever.

use std::collections::{BTreeMap, VecDeque};

/// How often each of many things was counted. Beyond the limit, the things that were first seen first are forgotten.
#[derive(Debug)]
pub(crate) struct Tally<K> {
    counts: BTreeMap<K, u64>,
    /// The things in the order they were first seen.
    seen: VecDeque<K>,
    limit: usize,
}

impl<K: Ord + Clone> Tally<K> {
    pub(crate) fn new(limit: usize) -> Self {
        Self { counts: BTreeMap::new(), seen: VecDeque::new(), limit }
    }

    /// Counts a thing once more, and says how often that was by now.
    pub(crate) fn count(&mut self, thing: K) -> u64 {
        if let Some(times) = self.counts.get_mut(&thing) {
            *times += 1;
            return *times;
        }
        if self.seen.len() >= self.limit
            && let Some(oldest) = self.seen.pop_front()
        {
            self.counts.remove(&oldest);
        }
        self.seen.push_back(thing.clone());
        self.counts.insert(thing, 1);
        1
    }

    pub(crate) fn counts(&self) -> &BTreeMap<K, u64> {
        &self.counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_of_too_many_is_forgotten_however_often_it_was_counted() {
        let mut tally = Tally::new(3);
        assert_eq!([tally.count('b'), tally.count('b'), tally.count('a'), tally.count('c')], [1, 2, 1, 1]);
        assert_eq!(tally.count('d'), 1);
        assert_eq!(tally.counts().keys().collect::<String>(), "acd");
        assert_eq!(tally.count('a'), 2, "a repeat makes nothing older go");
        assert_eq!((tally.count('b'), tally.counts().len(), tally.seen.len()), (1, 3, 3));
    }
}
