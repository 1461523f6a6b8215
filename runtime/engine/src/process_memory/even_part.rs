//! What an isolate may hold of the process's memory whatever the others do.
//!
//! Each has an even part of what there is for all; what some do not use of theirs is the others'. So who holds no more than that takes
//! nothing from anybody, and where memory is short it is what others hold beyond it that has to go.

/// Looks at those who hold less than their part, and leave the rest to others. Each look takes the part closer to what it is, from below.
const LOOKS: usize = 4;

/// The part of each, in bytes, of so much room for all, what they hold included. `usize::MAX` where all of them hold less. `held` says what
/// each holds.
pub(crate) fn even_part<I>(room: usize, held: impl Fn() -> I) -> usize
where
    I: Iterator<Item = usize>,
{
    let mut part = 0;
    for _ in 0..LOOKS {
        let (mut left, mut others) = (room, 0);
        for bytes in held() {
            match bytes <= part {
                true => left = left.saturating_sub(bytes),
                false => others += 1,
            }
        }
        match left.checked_div(others) {
            Some(more) if more > part => part = more,
            Some(_) => break,
            None => return usize::MAX,
        }
    }
    part
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(room: usize, held: &[usize]) -> usize {
        even_part(room, || held.iter().copied())
    }

    #[test]
    fn what_some_do_not_use_is_the_others() {
        assert_eq!(of(100, &[50, 60]), 50);
        assert_eq!(of(100, &[2, 60, 70]), 49);
        assert_eq!(of(100, &[2, 40, 70]), 58);
        assert_eq!(of(1000, &[&[1; 100][..], &[600, 500]].concat()), 450);
        // There is enough for all, or nobody.
        assert_eq!(of(100, &[2, 40, 50]), usize::MAX);
        assert_eq!(of(100, &[]), usize::MAX);
        assert_eq!(of(0, &[1, 2]), 0);
    }
}
