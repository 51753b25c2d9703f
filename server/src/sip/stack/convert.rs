//! Messages of ours and the library's, part by part: no text is parsed on the way in.

use rsipstack::sip::{Header, Method, Request, Response, Uri, Version};

use super::Unreadable;
use crate::sip::message::{Message, Start};

/// A request of ours, with the URI it goes to.
pub(super) fn request(message: &Message) -> Result<Request, Unreadable> {
    let method = message.method().and_then(|it| Method::try_from(it).ok());
    let uri = message.uri().and_then(|uri| Uri::try_from(uri).ok());
    let (Some(method), Some(uri)) = (method, uri) else {
        return Err(Unreadable);
    };
    Ok(Request {
        method,
        uri,
        version: Version::V2,
        headers: headers(message).into(),
        body: message.body.clone(),
    })
}

/// A peer's answer.
pub(super) fn response(message: &Message) -> Result<Response, Unreadable> {
    let Start::Response { status, phrase } = &message.start else {
        return Err(Unreadable);
    };
    Ok(Response {
        status_code: (*status).into(),
        // Carriers say in it why.
        wire_reason: Some(phrase.to_string()),
        version: Version::V2,
        headers: headers(message).into(),
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
    let value = header.value.to_string();
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
        *phrase = said.clone().into();
    }
    Some(message)
}
