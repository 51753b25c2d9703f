//! Messages of ours and the library's, part by part: no text is parsed on the way in.

use rsipstack::sip::{Header, Method, Request, Response, Uri, Version};

use super::Misfit;
use crate::sip::message::{Message, Start};

/// What the library needs of a request to find its transaction and to answer it. The Request-URI
/// is not looked at there, so one that always reads stands in.
pub(super) fn request(message: &Message) -> Result<Request, Misfit> {
    let mut request = bare_request(message)?;
    request.uri = Uri::try_from("sip:here.invalid").map_err(|_| Misfit::Unreadable)?;
    // These two come back out of their INVITE's transaction, and are then evidence.
    if matches!(request.method, Method::Ack | Method::Cancel) {
        let uri = message.uri().unwrap_or_default().to_owned();
        request
            .headers
            .push(Header::Other(REAL_URI.to_owned(), uri));
    }
    Ok(request)
}

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
    let mut request = bare_request(message)?;
    request.uri = message
        .uri()
        .and_then(|uri| Uri::try_from(uri).ok())
        .ok_or(Misfit::Unreadable)?;
    Ok(request)
}

fn bare_request(message: &Message) -> Result<Request, Misfit> {
    let method = message.method().ok_or(Misfit::Unreadable)?;
    Ok(Request {
        method: Method::try_from(method).map_err(|_| Misfit::Unreadable)?,
        uri: Uri::default(),
        version: Version::V2,
        headers: headers(message).into(),
        body: message.body.clone(),
    })
}

pub(super) fn response(message: &Message) -> Result<Response, Misfit> {
    let Start::Response { status, phrase } = &message.start else {
        return Err(Misfit::Unreadable);
    };
    Ok(Response {
        status_code: (*status).into(),
        // Carriers say in it why.
        wire_reason: Some(phrase.clone()),
        version: Version::V2,
        headers: headers(message).into(),
        body: message.body.clone(),
    })
}

fn headers(message: &Message) -> Vec<Header> {
    let mut headers: Vec<Header> = message.headers().iter().map(header).collect();
    let length = u32::try_from(message.body.len()).unwrap_or(u32::MAX);
    headers.retain(|header| !matches!(header, Header::ContentLength(_)));
    headers.push(Header::ContentLength(length.into()));
    headers
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
        "Content-Length" => Header::ContentLength(value.into()),
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
