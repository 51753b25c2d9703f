//! The names of a draft's fields, asked of the draft itself, so that no second list can fall behind.

use serde::de::value::Error;
use serde::de::{Deserialize, Deserializer, Error as _, Visitor};
use serde::forward_to_deserialize_any;

/// The fields of a struct that derives `Deserialize`.
pub(super) fn of<'de, T: Deserialize<'de>>() -> &'static [&'static str] {
    let mut asked: &'static [&'static str] = &[];
    // It is asked, answered, and refused: nothing was to be read.
    drop(T::deserialize(Ask(&mut asked)));
    asked
}

struct Ask<'a>(&'a mut &'static [&'static str]);

impl<'de> Deserializer<'de> for Ask<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(Error::custom("no struct"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Error> {
        *self.0 = fields;
        Err(Error::custom("its fields are known"))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use app::domain::number::NumberDraft;

    #[test]
    fn a_draft_names_its_fields() {
        let fields = super::of::<NumberDraft>();
        assert_eq!(
            fields,
            ["label", "verified", "on_trunk", "agent", "version"]
        );
    }
}
