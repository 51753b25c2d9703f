//! Enums of plain words: their text and the way back, written once.

/// Gives an enum of plain words its text and the way back.
macro_rules! words {
    ($type:ty, $($variant:ident = $word:literal),+ $(,)?) => {
        impl $type {
            /// Every choice, in the order a form shows them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// As the API, the forms and the database write it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl ::std::fmt::Display for $type {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl ::std::str::FromStr for $type {
            type Err = $crate::error::Reason;

            fn from_str(text: &str) -> Result<Self, $crate::error::Reason> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    other => Err($crate::error::Reason::not_a_choice(other, [$($word),+])),
                }
            }
        }
    };
}
pub(crate) use words;
