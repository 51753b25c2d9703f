//! Many rows in one statement: each statement is a message to the thread that has SQLite and one back, or a
//! round trip to PostgreSQL, which cost more than the rows.

use super::Conn;

/// So many rows go in one statement. Few sizes, because each is a statement of its own to prepare.
const SIZES: [usize; 10] = [96, 64, 48, 32, 24, 16, 8, 4, 2, 1];
/// So many statements a connection keeps prepared: those of a dozen kinds in all sizes, and all others.
pub(super) const STATEMENTS: usize = 256;

/// The rows, in order, in portions of those sizes.
pub(super) fn portions<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let size = SIZES.into_iter().find(|size| *size <= rows.len())?;
        let (portion, rest) = rows.split_at(size);
        rows = rest;
        Some(portion)
    })
}

/// The places of their values, in order: `($1, $2), ($3, $4)` for two rows of two columns. On SQLite they have no
/// names: it finds each name anew by going through all, which of thousands takes longer than the work.
pub(super) fn places(conn: &Conn, rows: usize, columns: usize) -> String {
    if conn.is_sqlite() {
        return unnamed(rows, columns);
    }
    numbered(rows, columns)
}

/// The same where it is SQLite in any case.
pub(super) fn unnamed(rows: usize, columns: usize) -> String {
    let row = format!("({})", vec!["?"; columns].join(", "));
    vec![row; rows].join(", ")
}

/// One column of these rows, for PostgreSQL's `unnest`.
pub(super) fn column<'a, T, V>(rows: &'a [T], of: impl Fn(&'a T) -> V) -> Vec<V> {
    rows.iter().map(of).collect()
}

fn numbered(rows: usize, columns: usize) -> String {
    let row = |row: usize| {
        let first = row * columns + 1;
        let places: Vec<String> = (first..first + columns)
            .map(|place| format!("${place}"))
            .collect();
        format!("({})", places.join(", "))
    };
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn portions_keep_the_order_and_leave_nothing_out() {
        for count in [0, 1, 3, 4, 5, 63, 64, 85, 300] {
            let rows: Vec<usize> = (0..count).collect();
            assert_eq!(portions(&rows).flatten().copied().collect::<Vec<_>>(), rows);
            assert!(portions(&rows).all(|portion| SIZES.contains(&portion.len())));
        }
    }

    #[test]
    fn places_count_on_from_row_to_row() {
        assert_eq!(numbered(2, 3), "($1, $2, $3), ($4, $5, $6)");
    }
}
