//! One answer at a time: a server refuses to begin one while another is under way, so what is to be
//! said meanwhile waits for its end.

/// In which sense something is to be said; none: as the conversation has it.
pub(super) type Sense = Option<String>;

/// The answers of one session, as far as their beginnings and ends go.
#[derive(Default)]
pub(super) struct Responses {
    under_way: bool,
    /// How many were asked for: what a refusal refers to.
    asked: u64,
    /// The last one asked for has not begun.
    unbegun: bool,
    sense: Sense,
    waiting: Option<Sense>,
    /// The caller is speaking: nothing of ours begins meanwhile.
    caller_speaks: bool,
}

/// An answer to be asked for now.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Ask {
    /// By which a refusal names it.
    pub(super) id: String,
    pub(super) sense: Sense,
}

impl Responses {
    /// Something is to be said: at once, or else when the answer under way is complete and the
    /// caller has finished. Of several that wait one is enough, because by then the model knows
    /// all of it.
    pub(super) fn wish(&mut self, sense: Sense) -> Option<Ask> {
        if self.under_way || self.caller_speaks {
            let before = self.waiting.take().flatten();
            self.waiting = Some(sense.or(before));
            return None;
        }
        Some(self.ask(sense))
    }

    /// One has begun, perhaps without being asked for: the server answers the caller by itself.
    pub(super) fn began(&mut self) {
        let was_asked_for = std::mem::take(&mut self.unbegun);
        self.caller_speaks &= was_asked_for;
        self.under_way = true;
    }

    /// It is over, complete or not; what waited for that.
    pub(super) fn ended(&mut self) -> Option<Ask> {
        self.under_way = false;
        if self.caller_speaks {
            return None;
        }
        let sense = self.waiting.take()?;
        Some(self.ask(sense))
    }

    pub(super) fn caller_begins(&mut self) {
        self.caller_speaks = true;
    }

    /// The server answers what the caller said by itself, and knows the rest by then: only what is
    /// to be said in a sense of its own is still to be asked for.
    pub(super) fn caller_has_finished(&mut self) -> Option<Ask> {
        self.caller_speaks = false;
        // It does not answer by itself beside another answer.
        if self.under_way {
            return None;
        }
        let sense = self.waiting.take()?;
        sense.is_some().then(|| self.ask(sense))
    }

    /// What waits is not wanted any more.
    pub(super) fn forget(&mut self) {
        self.waiting = None;
    }

    /// Something was refused. If it was the last answer we asked for, because the server had begun
    /// one of its own just before, ours waits for the end of that one. Not every server names what
    /// it refuses: then it is ours if that has yet to begin.
    pub(super) fn refused(&mut self, about: Option<&str>, one_is_under_way: bool) {
        let is_ours = about.map_or(self.unbegun, |about| about == self.id());
        if !is_ours {
            return;
        }
        self.unbegun = false;
        self.under_way = one_is_under_way;
        if one_is_under_way {
            let sense = self.sense.take();
            let later = self.waiting.take().flatten();
            self.waiting = Some(later.or(sense));
        }
    }

    fn ask(&mut self, sense: Sense) -> Ask {
        self.under_way = true;
        self.asked += 1;
        self.unbegun = true;
        self.sense.clone_from(&sense);
        Ask {
            id: self.id(),
            sense,
        }
    }

    fn id(&self) -> String {
        format!("answer-{}", self.asked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_to_be_said_waits_for_the_answer_under_way() {
        let mut responses = Responses::default();
        let first = responses.wish(Some("greet".to_owned())).unwrap();
        assert_eq!(
            (&*first.id, first.sense),
            ("answer-1", Some("greet".to_owned()))
        );
        responses.began();
        assert_eq!(responses.wish(None), None);
        assert_eq!(responses.wish(Some("sorry".to_owned())), None);
        assert_eq!(responses.wish(None), None);
        let next = responses.ended().unwrap();
        assert_eq!(
            (&*next.id, next.sense),
            ("answer-2", Some("sorry".to_owned()))
        );
        responses.began();
        assert_eq!(responses.ended(), None);
        assert!(responses.wish(None).is_some());
    }

    #[test]
    fn nothing_is_said_into_what_the_caller_says() {
        let mut responses = Responses::default();
        responses.wish(Some("greet".to_owned())).unwrap();
        responses.began();
        assert_eq!(responses.wish(None), None);
        responses.caller_begins();
        assert_eq!(responses.ended(), None, "it is cut off");
        assert_eq!(responses.wish(None), None);
        assert_eq!(responses.caller_has_finished(), None, "the server answers");
        responses.began();
        assert_eq!(responses.ended(), None, "that was the answer to all of it");

        responses.caller_begins();
        assert_eq!(responses.wish(Some("sorry".to_owned())), None);
        assert_eq!(responses.wish(None), None);
        let asked = responses.caller_has_finished().unwrap();
        assert_eq!(asked.sense, Some("sorry".to_owned()));
        responses.began();
        // Who may not be interrupted is not answered by the server.
        responses.caller_begins();
        assert_eq!(responses.wish(None), None);
        assert_eq!(responses.caller_has_finished(), None);
        assert!(responses.ended().is_some());
    }

    #[test]
    fn what_is_not_wanted_any_more_is_not_asked_for() {
        let mut responses = Responses::default();
        responses.wish(None).unwrap();
        assert_eq!(responses.wish(Some("sorry".to_owned())), None);
        responses.forget();
        assert_eq!(responses.ended(), None);
        assert!(responses.wish(None).is_some());
    }

    #[test]
    fn one_that_crossed_the_servers_own_is_asked_for_again() {
        let mut responses = Responses::default();
        let asked = responses.wish(Some("sorry".to_owned())).unwrap();
        responses.refused(Some(&asked.id), true);
        assert_eq!(responses.wish(None), None);
        assert_eq!(responses.ended().unwrap().sense, Some("sorry".to_owned()));
    }

    #[test]
    fn one_that_is_refused_for_another_reason_holds_up_nothing() {
        let mut responses = Responses::default();
        let asked = responses.wish(Some("sorry".to_owned())).unwrap();
        responses.refused(Some("another"), false);
        assert_eq!(responses.wish(None), None, "it may still begin");
        responses.refused(Some(&asked.id), false);
        assert!(responses.wish(None).is_some());
    }

    #[test]
    fn one_that_is_refused_without_its_name_is_ours_until_it_begins() {
        let mut responses = Responses::default();
        responses.wish(Some("greet".to_owned())).unwrap();
        responses.refused(None, false);
        responses.wish(Some("sorry".to_owned())).unwrap();
        responses.refused(None, true);
        let again = responses.ended().unwrap();
        assert_eq!(again.sense, Some("sorry".to_owned()));
        responses.began();
        responses.refused(None, true);
        assert_eq!(responses.wish(None), None, "that was about something else");
        assert_eq!(responses.ended().unwrap().sense, None);
    }

    #[test]
    fn a_server_that_answers_by_itself_has_heard_the_caller_out() {
        let mut responses = Responses::default();
        responses.caller_begins();
        responses.began();
        assert_eq!(responses.wish(None), None);
        assert!(responses.ended().is_some());
    }
}
