//! The page: every operation with its fields, as plain HTML, styled by one inline sheet that its
//! own policy allows by hash.

use std::fmt::Write as _;

use base64::Engine as _;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

const STYLE: &str = "\
:root{color-scheme:light dark;--line:#8884;--soft:#8881}\
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1.5rem}\
code,pre{font-family:ui-monospace,monospace;font-size:.9em}\
nav ul{columns:16rem;padding-left:1.2rem}\
section{border-top:1px solid var(--line);margin-top:2rem}\
h3 code{overflow-wrap:anywhere}\
.verb{display:inline-block;min-width:4.5rem;font-weight:700}\
table{border-collapse:collapse;width:100%;margin:.5rem 0}\
th,td{border-bottom:1px solid var(--line);padding:.3rem .6rem .3rem 0;text-align:left;vertical-align:top}\
details{background:var(--soft);padding:.4rem .8rem;margin:.4rem 0;overflow-x:auto}";

/// A first request. The host is the reader's own.
const SAMPLE: &str =
    "curl -H &quot;Authorization: Bearer $KEY&quot; $PATCHBAY/api/phone/sip/inbound-trunk";

/// Nothing but that sheet may be loaded.
pub(super) fn policy() -> String {
    let hash = base64::prelude::BASE64_STANDARD.encode(Sha256::digest(STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}

/// The whole page.
pub(super) fn html(document: &Value) -> String {
    let operations = operations(document);
    let title = text(document, "/info/title");
    let mut page = format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title>\
         <style>{STYLE}</style></head><body><header><h1>{title}</h1><p>{}</p>\
         <p><a href=\"/api/openapi.json\">openapi.json</a></p>\
         <pre><code>{SAMPLE}</code></pre></header><nav aria-label=\"Operations\"><ul>",
        prose(document["info"]["description"].as_str().unwrap_or_default()),
    );
    let mut tag = String::new();
    for (path, verb, operation) in &operations {
        let of = text(operation, "/tags/0");
        if of != tag {
            let close = if tag.is_empty() { "" } else { "</ul></li>" };
            let _ = write!(page, "{close}<li>{of}<ul>");
            tag = of;
        }
        let id = text(operation, "/operationId");
        let (summary, path) = (text(operation, "/summary"), escape(path));
        let _ = write!(
            page,
            "<li><a href=\"#{id}\" title=\"{verb} {path}\">{summary}</a></li>"
        );
    }
    page.push_str("</ul></li></ul></nav><main>");
    let mut tag = String::new();
    for (path, verb, operation) in &operations {
        let of = text(operation, "/tags/0");
        if of != tag {
            let _ = write!(page, "<h2>{of}</h2>");
            tag = of;
        }
        section(&mut page, document, (path, verb), operation);
    }
    page.push_str("</main></body></html>");
    page
}

const VERBS: [&str; 5] = ["GET", "POST", "PATCH", "PUT", "DELETE"];

/// In the order of the document's tags, then by path and verb.
fn operations(document: &Value) -> Vec<(&str, String, &Value)> {
    let paths = document["paths"].as_object().into_iter().flatten();
    let mut all: Vec<_> = paths
        .flat_map(|(path, item)| {
            let verbs = item.as_object().into_iter().flatten();
            verbs.map(move |(verb, operation)| (path.as_str(), verb.to_uppercase(), operation))
        })
        .collect();
    let tags = document["tags"].as_array().map(Vec::as_slice);
    let tags = tags.unwrap_or_default();
    all.sort_by_key(|(path, verb, operation)| {
        let tag = tags
            .iter()
            .position(|tag| tag["name"] == operation["tags"][0]);
        let verb = VERBS.iter().position(|known| known == verb);
        (tag.unwrap_or(tags.len()), *path, verb)
    });
    all
}

fn section(page: &mut String, document: &Value, (path, verb): (&str, &str), operation: &Value) {
    let id = text(operation, "/operationId");
    let _ = write!(
        page,
        "<section id=\"{id}\"><h3>{}</h3><p><code><span class=\"verb\">{verb}</span>{}</code></p><p>{}</p>",
        text(operation, "/summary"),
        escape(path),
        prose(operation["description"].as_str().unwrap_or_default()),
    );
    let parameters = operation["parameters"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    if !parameters.is_empty() {
        page.push_str("<table><thead><tr><th>Parameter</th><th>In</th><th>Type</th><th>Meaning</th></tr></thead><tbody>");
        for parameter in parameters {
            row(
                page,
                &[
                    format!("<code>{}</code>", text(parameter, "/name")),
                    text(parameter, "/in"),
                    kind(&parameter["schema"]),
                    prose(parameter["description"].as_str().unwrap_or_default()),
                ],
            );
        }
        page.push_str("</tbody></table>");
    }
    let body = &operation["requestBody"]["content"]["application/json"]["schema"];
    if !body.is_null() {
        fields(page, document, "Body", body);
    }
    let empty = serde_json::Map::new();
    for (status, response) in operation["responses"].as_object().unwrap_or(&empty) {
        let schema = &response["content"]["application/json"]["schema"];
        let name = format!("{status}: {}", text(response, "/description"));
        if status.starts_with('2') && !schema.is_null() {
            fields(page, document, &name, schema);
        }
    }
    let refusals: Vec<_> = operation["responses"]
        .as_object()
        .unwrap_or(&empty)
        .iter()
        .filter(|(status, _)| !status.starts_with('2'))
        .map(|(status, response)| {
            format!("<code>{status}</code> {}", text(response, "/description"))
        })
        .collect();
    let _ = write!(
        page,
        "<details><summary>Refusals</summary><p>{}</p></details></section>",
        refusals.join("<br>")
    );
}

fn fields(page: &mut String, document: &Value, title: &str, schema: &Value) {
    let _ = write!(
        page,
        "<details open><summary>{title}</summary><table><tbody>"
    );
    let mut rows = Vec::new();
    gather(document, schema, "", 0, &mut rows);
    for cells in rows {
        row(page, &cells);
    }
    page.push_str("</tbody></table></details>");
}

fn row(page: &mut String, cells: &[impl AsRef<str>]) {
    page.push_str("<tr>");
    for cell in cells {
        let _ = write!(page, "<td>{}</td>", cell.as_ref());
    }
    page.push_str("</tr>");
}

/// The fields of an object, those of objects inside it under their path.
fn gather(document: &Value, schema: &Value, path: &str, depth: usize, rows: &mut Vec<[String; 3]>) {
    let schema = resolved(document, schema);
    if depth > 4 {
        return;
    }
    for part in schema["allOf"].as_array().into_iter().flatten() {
        gather(document, part, path, depth + 1, rows);
    }
    if schema["type"] == "array" {
        gather(
            document,
            &schema["items"],
            &format!("{path}[]"),
            depth + 1,
            rows,
        );
    }
    for part in schema["oneOf"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|part| part["$ref"].is_string())
    {
        gather(document, part, path, depth + 1, rows);
    }
    let required = schema["required"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let full = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}.{name}")
        };
        let must = if required.iter().any(|field| field == name) {
            ""
        } else {
            " (optional)"
        };
        rows.push([
            format!("<code>{}</code>", escape(&full)),
            format!("{}{must}", kind(property)),
            prose(property["description"].as_str().unwrap_or_default()),
        ]);
        gather(document, property, &full, depth + 1, rows);
    }
}

fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let target = schema["$ref"]
        .as_str()
        .and_then(|target| target.strip_prefix('#'));
    target
        .and_then(|target| document.pointer(target))
        .unwrap_or(schema)
}

fn kind(schema: &Value) -> String {
    if let Some(words) = schema["enum"].as_array() {
        let words: Vec<_> = words
            .iter()
            .map(|word| format!("<code>{}</code>", escape(&word.to_string())))
            .collect();
        return words.join(" ");
    }
    if let Some(target) = schema["$ref"].as_str() {
        return escape(target.rsplit('/').next().unwrap_or_default());
    }
    if let Some(parts) = schema["oneOf"].as_array() {
        return parts.iter().map(kind).collect::<Vec<_>>().join(" or ");
    }
    match &schema["type"] {
        Value::String(name) if name == "array" => format!("list of {}", kind(&schema["items"])),
        Value::String(name) => escape(schema["format"].as_str().unwrap_or(name)),
        Value::Array(names) => {
            let names: Vec<_> = names.iter().filter_map(Value::as_str).collect();
            escape(&names.join(" or "))
        }
        _ => String::new(),
    }
}

fn text(value: &Value, pointer: &str) -> String {
    escape(
        value
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default(),
    )
}

/// Text with `code` in backquotes.
fn prose(text: &str) -> String {
    let parts = text.split('`').enumerate();
    parts
        .map(|(at, part)| {
            if at % 2 == 1 {
                format!("<code>{}</code>", escape(part))
            } else {
                escape(part)
            }
        })
        .collect()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
