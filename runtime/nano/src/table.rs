//! Rows with columns of the same width, for people.

/// The lines of a table. The first `left` columns begin where they begin, and others, of numbers, end where they end.
pub(crate) fn lines<const COLUMNS: usize>(rows: &[[String; COLUMNS]], left: usize) -> Vec<String> {
    let widths: [usize; COLUMNS] = std::array::from_fn(|column| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.max().unwrap_or_default()
    });
    let line = |row: &[String; COLUMNS]| {
        let cells = row.iter().zip(widths).enumerate();
        let cells = cells.map(|(column, (cell, width))| match column < left {
            true => format!("{cell:width$}"),
            false => format!("{cell:>width$}"),
        });
        let line = cells.collect::<Vec<_>>().join("  ");
        line.trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn columns_have_one_width() {
        let rows = [["APP", "N"], ["a", "100"], ["längst", "1"]].map(|row| row.map(str::to_owned));
        assert_eq!(
            super::lines(&rows, 1),
            ["APP       N", "a       100", "längst    1"]
        );
        assert_eq!(
            super::lines(&rows, 2),
            ["APP     N", "a       100", "längst  1"]
        );
    }
}
