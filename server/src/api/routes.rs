//! Routes and their documentation, declared in one statement so that they can't drift apart.

use std::convert::Infallible;

use app::error::Scope;
use axum::handler::Handler;
use axum::http::Method;
use axum::routing::{MethodFilter, MethodRouter, Router, on};
use utoipa::openapi::path::{
    HttpMethod, Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterIn, Paths,
};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Schema, SchemaType, Type};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Required, ResponseBuilder};
use utoipa::{PartialSchema, ToSchema};

use super::Api;
use super::examples;
use super::needs::Needs;
use super::problem::Error;
use super::wire::{E164, Id, words};

/// Every route and what it says of itself.
pub(super) struct Routes {
    /// For axum.
    pub(super) router: Router<Api>,
    /// For the document.
    pub(super) paths: Paths,
    /// The schemas that the paths refer to, by name.
    pub(super) schemas: Vec<(String, RefOr<Schema>)>,
    /// For the door.
    pub(super) needs: Needs,
}

/// One operation of the document.
pub(super) struct Op {
    builder: OperationBuilder,
    schemas: Vec<(String, RefOr<Schema>)>,
    scope: Scope,
    queries: Vec<Parameter>,
    has_body: bool,
    refusals: Vec<u16>,
}

impl Routes {
    /// None yet.
    pub(super) fn new() -> Self {
        Self {
            router: Router::new(),
            paths: Paths::new(),
            schemas: Vec::new(),
            needs: Needs::default(),
        }
    }

    /// One more: a method and a pattern, who answers, and what it is.
    #[must_use]
    pub(super) fn on<H, T>(mut self, method: &Method, path: &str, handler: H, op: Op) -> Self
    where
        H: Handler<T, Api>,
        T: 'static,
    {
        let (filter, documented) = verb(method);
        let route: MethodRouter<Api, Infallible> = on(filter, handler);
        self.router = self.router.route(path, route);
        self.needs.note(method, path, op.scope);
        let (operation, schemas) = op.build(path, method);
        self.paths
            .add_path_operation(path, vec![documented], operation);
        self.schemas.extend(schemas);
        self
    }

    /// The routes of a resource, added.
    #[must_use]
    pub(super) fn and(mut self, other: Self) -> Self {
        self.router = self.router.merge(other.router);
        self.paths.merge(other.paths);
        self.schemas.extend(other.schemas);
        self.needs.extend(other.needs);
        self
    }
}

fn verb(method: &Method) -> (MethodFilter, HttpMethod) {
    match method.as_str() {
        "POST" => (MethodFilter::POST, HttpMethod::Post),
        "PUT" => (MethodFilter::PUT, HttpMethod::Put),
        "PATCH" => (MethodFilter::PATCH, HttpMethod::Patch),
        "DELETE" => (MethodFilter::DELETE, HttpMethod::Delete),
        _ => (MethodFilter::GET, HttpMethod::Get),
    }
}

impl Op {
    /// An operation, by its id, what it does, and the scope it needs.
    pub(super) fn new(tag: &str, id: &str, summary: &str, scope: Scope) -> Self {
        let needs = format!("Needs a key with the scope `{}`.", scope.as_str());
        let builder = OperationBuilder::new()
            .tag(tag)
            .operation_id(Some(id))
            .summary(Some(summary))
            .description(Some(needs))
            .security(SecurityRequirement::new("bearerAuth", [scope.as_str()]));
        Self {
            builder,
            schemas: Vec::new(),
            scope,
            queries: Vec::new(),
            has_body: false,
            refusals: Vec::new(),
        }
    }

    /// More than the summary says.
    #[must_use]
    pub(super) fn note(mut self, text: &str) -> Self {
        let text = format!(
            "Needs a key with the scope `{}`. {text}",
            self.scope.as_str()
        );
        self.builder = self.builder.description(Some(text));
        self
    }

    /// The body it takes.
    #[must_use]
    pub(super) fn takes<T: ToSchema>(mut self) -> Self {
        let content = ContentBuilder::new()
            .schema(Some(self.refer::<T>()))
            .example(examples::of(&T::name()))
            .build();
        let body = RequestBodyBuilder::new()
            .content("application/json", content)
            .build();
        self.builder = self.builder.request_body(Some(body));
        self.has_body = true;
        self
    }

    /// What it answers with 200.
    #[must_use]
    pub(super) fn answers<T: ToSchema>(mut self, description: &str) -> Self {
        let content = ContentBuilder::new()
            .schema(Some(self.refer::<T>()))
            .build();
        let response = ResponseBuilder::new()
            .description(description)
            .content("application/json", content);
        self.builder = self.builder.response("200", response.build());
        self
    }

    /// A page of these, with 200.
    #[must_use]
    pub(super) fn answers_list<T: ToSchema>(mut self, description: &str) -> Self {
        let items = ArrayBuilder::new()
            .items(self.refer::<T>())
            .description(Some("At most `limit` of them."));
        let next = ObjectBuilder::new()
            .schema_type(SchemaType::Array(vec![Type::String, Type::Null]))
            .description(Some(
                "The `cursor` of the next page; null when this is the last. A page that a search had to look far for may hold few items, or none, and still have a next one.",
            ));
        let list = ObjectBuilder::new()
            .property("items", items)
            .required("items")
            .property("next", next)
            .required("next")
            .build();
        let name = format!("{}List", T::name());
        self.schemas
            .push((name.clone(), Schema::Object(list).into()));
        let reference = RefOr::<Schema>::Ref(Ref::from_schema_name(name));
        let content = ContentBuilder::new().schema(Some(reference)).build();
        let response = ResponseBuilder::new()
            .description(description)
            .content("application/json", content);
        self.builder = self.builder.response("200", response.build());
        self
    }

    /// A bare list, as `GET /api/phone` answers.
    #[must_use]
    pub(super) fn answers_array<T: ToSchema>(mut self, description: &str) -> Self {
        let items = ArrayBuilder::new().items(self.refer::<T>()).build();
        let content = ContentBuilder::new()
            .schema(Some(Schema::Array(items)))
            .build();
        let response = ResponseBuilder::new()
            .description(description)
            .content("application/json", content);
        self.builder = self.builder.response("200", response.build());
        self
    }

    /// Something with 200 that is not JSON.
    #[must_use]
    pub(super) fn answers_as(mut self, media_type: &str, description: &str) -> Self {
        let response = ResponseBuilder::new().description(description);
        let response = response
            .content(media_type, ContentBuilder::new().build())
            .build();
        self.builder = self.builder.response("200", response);
        self
    }

    /// The same in parts: `Range` is heeded.
    #[must_use]
    pub(super) fn answers_in_parts(self, media_type: &str, description: &str) -> Self {
        let mut whole = self.answers_as(media_type, description);
        let part = ResponseBuilder::new()
            .description("The part that `Range` asks for.")
            .content(media_type, ContentBuilder::new().build());
        let nothing = ResponseBuilder::new().description("It ends before that `Range` begins.");
        whole.builder = whole
            .builder
            .parameter(range())
            .response("206", part.build())
            .response("416", nothing.build());
        whole
    }

    /// 204: there is nothing to show.
    #[must_use]
    pub(super) fn answers_nothing(mut self, description: &str) -> Self {
        let response = ResponseBuilder::new().description(description).build();
        self.builder = self.builder.response("204", response);
        self
    }

    /// A filter.
    #[must_use]
    pub(super) fn query(
        mut self,
        name: &str,
        schema: impl Into<RefOr<Schema>>,
        description: &str,
    ) -> Self {
        let parameter = ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Query)
            .required(Required::False)
            .description(Some(description))
            .schema(Some(schema));
        self.queries.push(parameter.build());
        self
    }

    /// It is a list, with `limit` and `cursor`.
    #[must_use]
    pub(super) fn pages(self) -> Self {
        let integer = ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(Some(1))
            .maximum(Some(100))
            .default(Some(25.into()));
        self.query("limit", integer, "How many items, 1 to 100.")
            .query("cursor", String::schema(), "The `next` of the page before.")
    }

    /// Conflicts and the like that it may answer beyond what every operation does.
    #[must_use]
    pub(super) fn refuses(mut self, statuses: &[u16]) -> Self {
        self.refusals.extend(statuses);
        self
    }

    fn refer<T: ToSchema>(&mut self) -> RefOr<Schema> {
        let name = T::name().into_owned();
        T::schemas(&mut self.schemas);
        self.schemas.push((name.clone(), T::schema()));
        RefOr::Ref(Ref::from_schema_name(name))
    }

    fn build(mut self, path: &str, method: &Method) -> (Operation, Vec<(String, RefOr<Schema>)>) {
        let named: Vec<&str> = path.split(['{', '}']).skip(1).step_by(2).collect();
        for name in &named {
            self.builder = self.builder.parameter(path_parameter(name));
        }
        let filtered = !self.queries.is_empty();
        for query in std::mem::take(&mut self.queries) {
            self.builder = self.builder.parameter(query);
        }
        if *method == Method::POST {
            self.builder = self.builder.parameter(idempotency_key());
        }
        // A PUT with a body leaves what it does not name, as a PATCH does.
        let changes = *method == Method::PATCH || (*method == Method::PUT && self.has_body);
        if changes {
            self.builder = self.builder.parameter(if_match());
        }
        let mut statuses = vec![401, 403, 429, 500, 503];
        if self.has_body {
            statuses.extend([400, 413, 415, 422]);
        }
        if !named.is_empty() {
            statuses.extend([400, 404]);
        }
        if filtered || named.contains(&"phone_number") {
            statuses.push(422);
        }
        if *method == Method::POST || changes {
            // For `Idempotency-Key` and `If-Match`.
            statuses.extend([409, 422]);
        }
        statuses.append(&mut self.refusals);
        statuses.sort_unstable();
        statuses.dedup();
        let problem = self.refer::<Error>();
        for status in statuses {
            let content = ContentBuilder::new().schema(Some(problem.clone())).build();
            let response = ResponseBuilder::new()
                .description(meaning(status))
                .content("application/json", content);
            self.builder = self.builder.response(status.to_string(), response.build());
        }
        (self.builder.build(), self.schemas)
    }
}

fn path_parameter(name: &str) -> Parameter {
    let schema = match name {
        "phone_number" => E164::schema(),
        "ip" => String::schema(),
        _ => Id::schema(),
    };
    let parameter = ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path);
    parameter
        .required(Required::True)
        .schema(Some(schema))
        .build()
}

fn idempotency_key() -> Parameter {
    let said = "The same key and body within 24 hours gives the first answer again; the same key with another body, or while the first is still being answered, is a 409.";
    let parameter = ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header);
    parameter
        .required(Required::False)
        .description(Some(said))
        .schema(Some(key_text()))
        .build()
}

fn key_text() -> ObjectBuilder {
    let text = ObjectBuilder::new().schema_type(Type::String);
    text.min_length(Some(1))
        .max_length(Some(255))
        .pattern(Some("[!-~]"))
}

fn range() -> Parameter {
    let parameter = ParameterBuilder::new()
        .name("Range")
        .parameter_in(ParameterIn::Header);
    parameter
        .required(Required::False)
        .description(Some(
            "One range of bytes (RFC 9110 §14.1.2); for anything else the whole is given.",
        ))
        .schema(Some(String::schema()))
        .build()
}

fn if_match() -> Parameter {
    let said = "The `ETag` the change is based on; when the object has changed since, the answer is 409. The body's `version` does the same; where both are sent, they must be the same.";
    let parameter = ParameterBuilder::new()
        .name("If-Match")
        .parameter_in(ParameterIn::Header);
    parameter
        .required(Required::False)
        .description(Some(said))
        .schema(Some(tag_text()))
        .build()
}

fn tag_text() -> ObjectBuilder {
    let text = ObjectBuilder::new().schema_type(Type::String);
    text.pattern(Some("^([*]|(W/)?\"*0*[1-9][0-9]{0,17}\"*)$"))
        .examples(["\"3\""])
}

/// A filter that takes one of a few words.
pub(super) fn one_of<'a>(choices: impl IntoIterator<Item = &'a str>) -> Schema {
    Schema::Object(words(choices))
}

fn meaning(status: u16) -> &'static str {
    match status {
        400 => "The path or the body can't be read.",
        401 => "No key, or none that is known.",
        403 => "The key lacks the scope.",
        404 => "There is no such thing.",
        409 => "Something else holds it, or it has changed meanwhile.",
        413 => "The body is too large.",
        415 => "The body is not JSON.",
        422 => "Some fields are wrong; all of them are named.",
        429 => "Too many requests; `Retry-After` says when to come back.",
        503 => "Not now; nothing was changed.",
        _ => "A fault of ours; the log has more under the request's id.",
    }
}
