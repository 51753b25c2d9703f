//! The audio codecs a call can speak, and the order in which a trunk wants them.
//! Knows their names and what a form may say; nothing of packets, samples or descriptions.

mod line;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::domain::draft::{Change, EntryList};
use crate::domain::words;
use crate::error::{FieldErrors, Reason};

pub use self::line::{AudioLine, AudioTerms, Chosen, Unacceptable};

/// An audio codec we can speak (RFC 3551 §6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Codec {
    /// G.711 µ-law.
    #[serde(rename = "PCMU")]
    Pcmu,
    /// G.711 A-law.
    #[serde(rename = "PCMA")]
    Pcma,
    /// G.722 at 64 kbit/s: twice the band in as many bytes.
    #[serde(rename = "G722")]
    G722,
}
words!(Codec, Pcmu = "PCMU", Pcma = "PCMA", G722 = "G722");

/// Which codecs are offered and taken, the best first: at least one, and none twice.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Vec<Codec>", into = "Vec<Codec>")]
pub struct CodecOrder(Vec<Codec>);

/// Why a list of codecs is no order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCodecOrder {
    /// With no codec there is no call.
    #[error("names no codec")]
    Empty,
    /// It can't be both better and worse than the others.
    #[error("names {0} twice")]
    Repeated(Codec),
    /// Something we don't speak.
    #[error("names a codec that is not spoken here")]
    Unknown,
}

// === impl Codec ===

impl Codec {
    /// As people write it.
    pub fn spoken(self) -> &'static str {
        match self {
            Self::Pcmu => "PCMU",
            Self::Pcma => "PCMA",
            Self::G722 => "G.722",
        }
    }

    /// Of the codecs that the other side offers, in its order, the one to talk in: without an
    /// order of ours theirs counts (RFC 3264 §6.1).
    pub fn choose(ours: Option<&CodecOrder>, theirs: &[Self]) -> Option<Self> {
        let mut best = theirs.to_vec();
        Self::rank(ours, &mut best, |codec| *codec);
        best.first().copied()
    }

    /// Leaves of what the other side offers what is taken, the best first.
    pub fn rank<T>(ours: Option<&CodecOrder>, theirs: &mut Vec<T>, codec: impl Fn(&T) -> Self) {
        if let Some(order) = ours {
            Self::take(ours, theirs, &codec);
            theirs.sort_by_key(|each| order.place(codec(each)));
        }
    }

    /// Leaves what is taken in the order in which it was named: that of an answer counts.
    pub fn take<T>(ours: Option<&CodecOrder>, theirs: &mut Vec<T>, codec: impl Fn(&T) -> Self) {
        if let Some(order) = ours {
            theirs.retain(|each| order.place(codec(each)).is_some());
        }
    }
}

// === impl CodecOrder ===

impl CodecOrder {
    /// The best first.
    pub fn new(codecs: Vec<Codec>) -> Result<Self, InvalidCodecOrder> {
        if codecs.is_empty() {
            return Err(InvalidCodecOrder::Empty);
        }
        for (at, codec) in codecs.iter().enumerate() {
            if codecs[..at].contains(codec) {
                return Err(InvalidCodecOrder::Repeated(*codec));
            }
        }
        Ok(Self(codecs))
    }

    /// The best first.
    pub fn iter(&self) -> impl Iterator<Item = Codec> + '_ {
        self.0.iter().copied()
    }

    /// Where a codec stands; nowhere if it is not to be spoken.
    fn place(&self, codec: Codec) -> Option<usize> {
        self.0.iter().position(|other| *other == codec)
    }

    /// Every order there is, those with all codecs first.
    pub fn every() -> Vec<Self> {
        let mut orders: Vec<Self> = Vec::new();
        let mut longer: Vec<Vec<Codec>> = vec![Vec::new()];
        while !longer.is_empty() {
            longer = longer
                .iter()
                .flat_map(|order| {
                    let rest = Codec::ALL.iter().filter(|codec| !order.contains(codec));
                    rest.map(|codec| order.iter().copied().chain([*codec]).collect())
                })
                .collect();
            orders.splice(..0, longer.iter().cloned().map(Self));
        }
        orders
    }

    /// As people write it.
    pub fn spoken(&self) -> String {
        let names: Vec<&str> = self.iter().map(Codec::spoken).collect();
        names.join(", ")
    }

    /// What results when this is said over `base`: absent leaves, null and a list of nothing clear.
    pub fn said(
        list: &EntryList,
        base: Option<&Self>,
        errors: &mut FieldErrors,
    ) -> Option<Option<Self>> {
        let entries = match errors.keep("codecs", list.change().map_err(Reason::from))? {
            Change::Leave => return Some(base.cloned()),
            Change::Clear | Change::Set([]) => return Some(None),
            Change::Set(entries) => entries,
        };
        let mut codecs: Vec<Codec> = Vec::with_capacity(entries.len());
        for (index, entry) in entries.iter().enumerate() {
            let read = entry.required().map_err(Reason::from);
            let read = read.and_then(|text| {
                let codec = text.parse()?;
                let found = text.to_owned();
                (!codecs.contains(&codec))
                    .then_some(codec)
                    .ok_or(Reason::Repeated { found })
            });
            codecs.extend(errors.keep(format!("codecs.{index}"), read));
        }
        Self::new(codecs).ok().map(Some)
    }
}

impl Default for CodecOrder {
    /// In which our own offers name them, where nobody said otherwise.
    fn default() -> Self {
        Self(Codec::ALL.to_vec())
    }
}

impl TryFrom<Vec<Codec>> for CodecOrder {
    type Error = InvalidCodecOrder;

    fn try_from(codecs: Vec<Codec>) -> Result<Self, InvalidCodecOrder> {
        Self::new(codecs)
    }
}

impl From<CodecOrder> for Vec<Codec> {
    fn from(order: CodecOrder) -> Self {
        order.0
    }
}

impl fmt::Display for CodecOrder {
    /// As a form sends it and the database keeps it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, codec) in self.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            write!(f, "{comma}{codec}")?;
        }
        Ok(())
    }
}

impl FromStr for CodecOrder {
    type Err = InvalidCodecOrder;

    fn from_str(text: &str) -> Result<Self, InvalidCodecOrder> {
        let names = text.split(',').filter(|name| !name.is_empty());
        let codecs = names
            .map(|name| name.parse().map_err(|_| InvalidCodecOrder::Unknown))
            .collect::<Result<_, _>>()?;
        Self::new(codecs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::draft::Entry;

    fn order(text: &str) -> CodecOrder {
        text.parse().unwrap()
    }

    #[test]
    fn an_order_names_something_and_nothing_twice() {
        assert_eq!("".parse::<CodecOrder>(), Err(InvalidCodecOrder::Empty));
        assert_eq!(
            "PCMU,G722,PCMU".parse::<CodecOrder>(),
            Err(InvalidCodecOrder::Repeated(Codec::Pcmu))
        );
        assert_eq!(
            "opus".parse::<CodecOrder>(),
            Err(InvalidCodecOrder::Unknown)
        );
        let json = serde_json::from_str::<CodecOrder>(r#"["PCMA","PCMA"]"#);
        assert!(json.unwrap_err().to_string().contains("names PCMA twice"));
    }

    #[test]
    fn what_is_written_is_read_back() {
        for order in CodecOrder::every() {
            assert_eq!(order.to_string().parse(), Ok(order.clone()));
            let json = serde_json::to_string(&order).unwrap();
            assert_eq!(serde_json::from_str::<CodecOrder>(&json).unwrap(), order);
        }
    }

    #[test]
    fn every_order_is_there_once_the_longest_first() {
        let every = CodecOrder::every();
        assert_eq!(every.len(), 6 + 6 + 3);
        assert_eq!(every[0], CodecOrder::default());
        assert_eq!(every[14], order("G722"));
        let once: std::collections::HashSet<_> = every.iter().collect();
        assert_eq!(once.len(), every.len());
    }

    #[test]
    fn the_best_of_what_is_offered_is_chosen() {
        let theirs = [Codec::Pcmu, Codec::Pcma];
        let chosen = |ours: &str| Codec::choose(Some(&order(ours)), &theirs);
        assert_eq!(Codec::choose(None, &theirs), Some(Codec::Pcmu));
        assert_eq!(chosen("G722,PCMA,PCMU"), Some(Codec::Pcma));
        assert_eq!(chosen("G722"), None);
        assert_eq!(Codec::choose(None, &[]), None);
    }

    #[test]
    fn what_is_offered_is_ranked_or_taken_as_it_stands() {
        let ours = order("G722,PCMA");
        let codec = |(codec, _): &(Codec, u8)| *codec;
        let offered = vec![
            (Codec::Pcmu, 0),
            (Codec::Pcma, 8),
            (Codec::G722, 9),
            (Codec::Pcma, 96),
        ];
        let payloads =
            |left: Vec<(Codec, u8)>| -> Vec<u8> { left.iter().map(|each| each.1).collect() };
        let mut ranked = offered.clone();
        Codec::rank(Some(&ours), &mut ranked, codec);
        assert_eq!(payloads(ranked), [9, 8, 96]);
        let mut taken = offered.clone();
        Codec::take(Some(&ours), &mut taken, codec);
        assert_eq!(payloads(taken), [8, 9, 96]);
        let mut theirs = offered.clone();
        Codec::rank(None, &mut theirs, codec);
        assert_eq!(theirs, offered);
    }

    #[test]
    fn a_draft_sets_leaves_and_clears() {
        let base = order("G722");
        let said = |list: EntryList| {
            let mut errors = FieldErrors::new();
            let read = CodecOrder::said(&list, Some(&base), &mut errors);
            assert!(errors.is_empty(), "{errors:?}");
            read.unwrap()
        };
        assert_eq!(said(EntryList::Absent), Some(base.clone()));
        for nothing in [
            EntryList::Null,
            EntryList::pasted(""),
            EntryList::Items(Vec::new()),
        ] {
            assert_eq!(said(nothing), None);
        }
        assert_eq!(
            said(EntryList::pasted("PCMA,PCMU")),
            Some(order("PCMA,PCMU"))
        );
        assert_eq!(said(EntryList::of(["PCMU"])), Some(order("PCMU")));
    }

    #[test]
    fn each_wrong_entry_is_refused_by_its_place() {
        let mut errors = FieldErrors::new();
        let list = EntryList::Items(vec![
            "PCMU".into(),
            "opus".into(),
            "PCMU".into(),
            Entry::Null,
        ]);
        assert_eq!(
            CodecOrder::said(&list, None, &mut errors),
            Some(Some(order("PCMU")))
        );
        let found: Vec<_> = errors.iter().collect();
        let allowed = vec!["PCMU".to_owned(), "PCMA".to_owned(), "G722".to_owned()];
        assert_eq!(
            found,
            [
                (
                    "codecs.1",
                    &Reason::NotAChoice {
                        found: "opus".to_owned(),
                        allowed
                    }
                ),
                (
                    "codecs.2",
                    &Reason::Repeated {
                        found: "PCMU".to_owned()
                    }
                ),
                ("codecs.3", &Reason::Required),
            ]
        );
    }
}
