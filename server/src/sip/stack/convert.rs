//! Messages of ours and the library's, part by part: no text is parsed on the way in.

use rsipstack::sip::{Header, Method, Request, Response, SipMessage, Uri, Version};

use super::Misfit;
use crate::sip::message::{Message, Start};

/// A message that came in.
pub(super) fn incoming(message: &Message) -> Result<SipMessage, Misfit> {
    Ok(match message.method() {
        None => response(message)?.into(),
        Some(_) => request(message)?.into(),
    })
}

/// What the library needs of a request to find its transaction and to answer it: five headers, and
/// neither body nor Request-URI. Two kinds come back out of their INVITE's transaction, and are then
/// evidence: they travel whole.
pub(super) fn request(message: &Message) -> Result<Request, Misfit> {
    let method = method(message)?;
    if !matches!(method, Method::Ack | Method::Cancel) {
        let named = message
            .headers()
            .iter()
            .filter(|header| NAMES_IT.contains(&header.name.as_ref()));
        return Ok(Request {
            method,
            uri: Uri::default(),
            version: Version::V2,
            headers: named.map(header).collect::<Vec<_>>().into(),
            body: Vec::new(),
        });
    }
    let mut request = whole_request(message)?;
    // One that always reads stands in for what the library does not get to parse.
    request.uri = Uri::try_from("sip:here.invalid").map_err(|_| Misfit::Unreadable)?;
    let uri = message.uri().unwrap_or_default().to_owned();
    request
        .headers
        .push(Header::Other(REAL_URI.to_owned(), uri));
    Ok(request)
}

/// The headers that say which transaction it is and where its answers go (RFC 3261 §8.2.6.2, §17.2.3).
const NAMES_IT: [&str; 5] = ["Via", "From", "To", "Call-ID", "CSeq"];

/// Where the Request-URI travels that the library does not get to parse.
const REAL_URI: &str = "Patchbay-Request-URI";

/// An ACK or CANCEL as it came in.
pub(super) fn from_request(request: &Request) -> Option<Message> {
    let mut message = Message::read(&request.to_bytes()).ok()?;
    let real = message.all(REAL_URI).last()?.to_owned();
    message.remove(REAL_URI);
    if let Start::Request { uri, .. } = &mut message.start {
        *uri = real;
    }
    Some(message)
}

/// A request of ours, with the URI it goes to.
pub(super) fn own_request(message: &Message) -> Result<Request, Misfit> {
    let mut request = whole_request(message)?;
    request.uri = message
        .uri()
        .and_then(|uri| Uri::try_from(uri).ok())
        .ok_or(Misfit::Unreadable)?;
    Ok(request)
}

fn method(message: &Message) -> Result<Method, Misfit> {
    let method = message.method().ok_or(Misfit::Unreadable)?;
    Method::try_from(method).map_err(|_| Misfit::Unreadable)
}

fn whole_request(message: &Message) -> Result<Request, Misfit> {
    Ok(Request {
        method: method(message)?,
        uri: Uri::default(),
        version: Version::V2,
        headers: headers(message).into(),
        body: message.body.clone(),
    })
}

fn response(message: &Message) -> Result<Response, Misfit> {
    response_with(message, headers(message))
}

/// A response of ours. The library copies it three times before it is sent, so all it does not look at
/// is one header to it: the first one's name, and a value that runs on through the others.
pub(super) fn answer(message: &Message) -> Result<Response, Misfit> {
    let (named, others): (Vec<_>, Vec<_>) = message
        .headers()
        .iter()
        .filter(|header| header.name != "Content-Length")
        .partition(|header| NAMES_IT.contains(&header.name.as_ref()));
    let mut headers: Vec<Header> = Vec::with_capacity(named.len() + 2);
    headers.extend(named.into_iter().map(header));
    let mut others = others.into_iter();
    if let Some(first) = others.next() {
        let mut value = first.value.clone();
        for other in others {
            for part in ["\r\n", &other.name, ": ", &other.value] {
                value.push_str(part);
            }
        }
        headers.push(Header::Other(first.name.to_string(), value));
    }
    headers.push(content_length(message));
    response_with(message, headers)
}

fn response_with(message: &Message, headers: Vec<Header>) -> Result<Response, Misfit> {
    let Start::Response { status, phrase } = &message.start else {
        return Err(Misfit::Unreadable);
    };
    Ok(Response {
        status_code: (*status).into(),
        // Carriers say in it why.
        wire_reason: Some(phrase.clone()),
        version: Version::V2,
        headers: headers.into(),
        body: message.body.clone(),
    })
}

fn headers(message: &Message) -> Vec<Header> {
    let headers = message.headers().iter();
    let mut headers: Vec<Header> = headers
        .filter(|header| header.name != "Content-Length")
        .map(header)
        .collect();
    headers.push(content_length(message));
    headers
}

fn content_length(message: &Message) -> Header {
    let length = u32::try_from(message.body.len()).unwrap_or(u32::MAX);
    Header::ContentLength(length.into())
}

/// Typed where the library looks, opaque everywhere else.
fn header(header: &crate::sip::message::Header) -> Header {
    let value = header.value.clone();
    match header.name.as_ref() {
        "Via" => Header::Via(value.into()),
        "From" => Header::From(value.into()),
        "To" => Header::To(value.into()),
        "Call-ID" => Header::CallId(value.into()),
        "CSeq" => Header::CSeq(value.into()),
        "Contact" => Header::Contact(value.into()),
        "Route" => Header::Route(value.into()),
        "Record-Route" => Header::RecordRoute(value.into()),
        "User-Agent" => Header::UserAgent(value.into()),
        name => Header::Other(name.to_owned(), value),
    }
}

/// The library's response as ours.
pub(super) fn from_response(response: &Response) -> Option<Message> {
    let mut message = Message::read(&response.to_bytes()).ok()?;
    // The library writes the usual words whatever the carrier wrote.
    if let (Start::Response { phrase, .. }, Some(said)) =
        (&mut message.start, &response.wire_reason)
    {
        phrase.clone_from(said);
    }
    Some(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &[u8] = b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\n\
        Via: SIP/2.0/UDP b;branch=z9hG4bK2\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:b@h>;tag=2\r\n\
        Call-ID: c\r\nCSeq: 1 INVITE\r\nContact: <sip:b@h:5060>\r\nAllow: INVITE, ACK\r\n\
        X-Two: first\r\nX-Two: second\r\nContent-Type: application/sdp\r\n";

    #[test]
    fn an_answer_says_on_the_wire_what_it_said_before() {
        for body in ["", "v=0\r\n"] {
            let mut message = Message::read(&[ANSWER, b"\r\n"].concat()).unwrap();
            message.body = body.as_bytes().to_vec();
            let sent = answer(&message).unwrap().to_bytes();
            assert_eq!(
                String::from_utf8(sent).unwrap(),
                String::from_utf8(message.to_bytes()).unwrap()
            );
        }
    }

    #[test]
    fn an_answer_with_nothing_but_its_name_is_one_too() {
        let message = Message::request("BYE", "sip:b@h")
            .with("Via", "SIP/2.0/UDP a;branch=z9hG4bK1")
            .with("From", "<sip:a@h>;tag=1")
            .with("To", "<sip:b@h>;tag=2")
            .with("Call-ID", "c")
            .with("CSeq", "2 BYE")
            .reply(200, "");
        assert_eq!(answer(&message).unwrap().to_bytes(), message.to_bytes());
    }

    #[test]
    fn what_comes_back_out_of_its_transaction_is_whole() {
        for method in ["ACK", "CANCEL"] {
            let message = Message::request(method, "sip:b@h;odd=\"yes\"")
                .with("Via", "SIP/2.0/UDP a;branch=z9hG4bK1")
                .with("From", "<sip:a@h>;tag=1")
                .with("To", "<sip:b@h>")
                .with("Call-ID", "c")
                .with("CSeq", format!("1 {method}"))
                .with("Reason", "SIP;cause=200")
                .with_body("application/sdp", "v=0\r\n");
            let back = from_request(&request(&message).unwrap()).unwrap();
            assert_eq!(back.to_bytes(), message.to_bytes());
        }
    }
}
