//! A `where` that grows with what was asked. sqlx's own builder is typed by database; this one is text and
//! values, so that one list of conditions serves both.

use uuid::Uuid;

use super::row::clean;

/// A query with its values.
pub(super) struct Filter {
    text: String,
    values: Vec<Value>,
}

#[derive(Clone)]
pub(super) enum Value {
    Uuid(Uuid),
    Integer(i64),
    Text(String),
}

impl Filter {
    /// Starts with everything before `where`.
    pub(super) fn of(select: &str) -> Self {
        let mut query = Self {
            text: String::new(),
            values: Vec::new(),
        };
        query.start(select);
        query
    }

    /// Text as it stands.
    pub(super) fn raw(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Begins a query inside this one.
    pub(super) fn start(&mut self, select: &str) -> &mut Self {
        self.raw(&format!("{select}\n where true"))
    }

    /// A condition; each `?` in it is the same value.
    pub(super) fn and(&mut self, condition: &str, value: impl Into<Value>) -> &mut Self {
        self.values.push(value.into());
        let place = format!("${}", self.values.len());
        self.text.push_str("\n and ");
        self.text.push_str(&condition.replace('?', &place));
        self
    }

    /// A condition of two values: `?` is the one and `¿` the other.
    pub(super) fn and_both(
        &mut self,
        condition: &str,
        one: impl Into<Value>,
        other: impl Into<Value>,
    ) -> &mut Self {
        self.values.push(other.into());
        let place = format!("${}", self.values.len());
        self.and(&condition.replace('¿', &place), one)
    }

    /// A condition without a value.
    pub(super) fn also(&mut self, condition: &str) -> &mut Self {
        self.text.push_str("\n and ");
        self.text.push_str(condition);
        self
    }

    /// One of these values; of none, nothing.
    pub(super) fn any_of(
        &mut self,
        column: &str,
        values: impl IntoIterator<Item = impl Into<Value>>,
    ) -> &mut Self {
        match self.places(values) {
            places if places.is_empty() => self.also("false"),
            places => self.also(&format!("{column} in ({places})")),
        }
    }

    fn places(&mut self, values: impl IntoIterator<Item = impl Into<Value>>) -> String {
        let place = |value| {
            self.values.push(value);
            format!("${}", self.values.len())
        };
        let places: Vec<_> = values.into_iter().map(Into::into).map(place).collect();
        places.join(", ")
    }

    /// A condition if there is a value for it.
    pub(super) fn and_some(
        &mut self,
        condition: &str,
        value: Option<impl Into<Value>>,
    ) -> &mut Self {
        match value {
            Some(value) => self.and(condition, value),
            None => self,
        }
    }

    /// Goes on after the last row seen of a list that runs from the newest to the oldest.
    pub(super) fn after(&mut self, time: &str, at: i64, id: Uuid) -> &mut Self {
        self.beside(time, ["<=", "<", "<"], at, id)
    }

    /// The other way round: later than this place.
    pub(super) fn before(&mut self, time: &str, at: i64, id: Uuid) -> &mut Self {
        self.beside(time, [">=", ">", ">"], at, id)
    }

    /// No further back than this row, itself included.
    pub(super) fn down_to(&mut self, time: &str, at: i64, id: Uuid) -> &mut Self {
        self.beside(time, [">=", ">", ">="], at, id)
    }

    /// No later than this row, itself included.
    pub(super) fn up_to(&mut self, time: &str, at: i64, id: Uuid) -> &mut Self {
        self.beside(time, ["<=", "<", "<="], at, id)
    }

    fn beside(&mut self, time: &str, [near, far, same]: [&str; 3], at: i64, id: Uuid) -> &mut Self {
        self.values.push(at.into());
        let at = self.values.len();
        self.values.push(id.into());
        let place = self.values.len();
        // The first half alone lets an index be entered at the right place.
        self.raw(&format!(
            "\n and {time} {near} ${at} and ({time} {far} ${at} or id {same} ${place})"
        ))
    }

    /// The order and how many.
    pub(super) fn order(&mut self, by: &str, limit: i64) -> &mut Self {
        self.text
            .push_str(&format!("\n order by {by}\n limit {limit}"));
        self
    }

    /// Leaves out as many rows as come before a page asked for by its number.
    pub(super) fn skip(&mut self, rows: i64) -> &mut Self {
        self.text.push_str(&format!("\n offset {rows}"));
        self
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn values(&self) -> &[Value] {
        &self.values
    }
}

/// Binds a filter's values to a query of either database.
macro_rules! bind_all {
    ($query:expr, $filter:expr) => {{
        let mut query = $query;
        for value in $filter.values() {
            query = match value {
                $crate::store::filter::Value::Uuid(value) => query.bind(*value),
                $crate::store::filter::Value::Integer(value) => query.bind(*value),
                $crate::store::filter::Value::Text(value) => query.bind(value.as_str()),
            };
        }
        query
    }};
}
pub(super) use bind_all;

/// A text as a search meets it, whatever letters it is written in. By us, because `lower()` of SQLite knows no letters
/// beyond a to z, and that of PostgreSQL only those of its locale.
pub(super) fn folded(text: &str) -> String {
    text.to_lowercase()
}

/// `text` as a pattern that finds it anywhere, its own wildcards taken literally (`escape '\'`).
pub(super) fn containing(text: &str) -> String {
    let mut pattern = String::from("%");
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

impl From<Uuid> for Value {
    fn from(value: Uuid) -> Self {
        Self::Uuid(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(clean(value).into_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::from(value.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_numbered_in_the_order_of_their_values() {
        let mut filter = Filter::of("select id from calls");
        filter
            .and("(number like ? or caller_number like ?)", "%7%")
            .and_some("agent_id = ?", None::<Uuid>)
            .after("started_at", 5, Uuid::nil())
            .order("started_at desc", 3);
        let words: Vec<_> = filter.text().split_whitespace().collect();
        assert_eq!(
            words.join(" "),
            "select id from calls where true and (number like $1 or caller_number like $1) \
             and started_at <= $2 and (started_at < $2 or id < $3) order by started_at desc limit 3"
        );
        assert_eq!(filter.values().len(), 3);
    }

    #[test]
    fn wildcards_in_a_search_are_taken_literally() {
        assert_eq!(containing("50%_\\"), "%50\\%\\_\\\\%");
    }
}
