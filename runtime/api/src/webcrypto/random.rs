//! Random bytes that nobody can predict.

use std::cell::RefCell;

use aws_lc_rs::rand;
use nano_webidl::{DomExceptionName, Error, Fallible};

/// Fills `destination`.
///
/// # Errors
/// An `OperationError` if the operating system has no entropy.
pub fn fill(destination: &mut [u8]) -> Fallible<()> {
    rand::fill(destination).map_err(|_| {
        Error::dom(
            DomExceptionName::Operation,
            "The system's random source failed",
        )
    })
}

/// A few bytes, from a stock that is filled by the kilobyte: asking the source costs more than the bytes do.
///
/// # Errors
/// As for [`fill`].
pub fn bytes<const N: usize>() -> Fallible<[u8; N]> {
    STOCK.with_borrow_mut(|stock| {
        if stock.bytes.len() - stock.used < N {
            fill(&mut stock.bytes)?;
            stock.used = 0;
        }
        let taken = &mut stock.bytes[stock.used..stock.used + N];
        let mut result = [0; N];
        result.copy_from_slice(taken);
        // Nobody who reads memory later may learn what was given out.
        taken.fill(0);
        stock.used += N;
        Ok(result)
    })
}

struct Stock {
    bytes: [u8; 1024],
    used: usize,
}

thread_local! {
    /// No isolate's: whoever asks next gets the next bytes, which nobody has seen.
    static STOCK: RefCell<Stock> = const { RefCell::new(Stock { bytes: [0; 1024], used: 1024 }) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stock_gives_nothing_twice() {
        let mut seen: Vec<[u8; 16]> = (0..200).map(|_| bytes().expect("random bytes")).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 200);
        assert!(!seen.contains(&[0; 16]));
    }
}
