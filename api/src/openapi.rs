//! The description of the routes (`OpenAPI` 3.1), made from the routes themselves, and the page to
//! read it.

use axum::{
    Router,
    http::{HeaderValue, header},
    middleware::map_response,
    response::Response,
};
use utoipa::{
    OpenApi,
    openapi::{
        self, ObjectBuilder, Ref, RefOr, Required,
        path::{Operation, Parameter, ParameterBuilder, ParameterIn},
        response::ResponseBuilder,
        schema::Type,
        security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
    },
};
use utoipa_axum::router::OpenApiRouter;
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::{
    App, access, audit,
    auth::{KEYED, PUBLIC},
    cloud, displays, fleet, gateway, health, idempotency, identity, inventory, metrics, netboot,
    problem, proxy, secrets, settings, teams, webtest,
};

/// How people prove themselves.
const BEARER: &str = "bearer";
/// How machines do.
const KEY: &str = "key";
/// What a `POST` is known again by, among the parameters of the components.
const IDEMPOTENCY_KEY: &str = "IdempotencyKey";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Plimsoll",
        description = "The workspace over HTTP. Every error is a problem document (RFC 9457), but for requests that are no HTTP."
    ),
    components(schemas(problem::Described)),
    tags(
        (name = "setup", description = "The first administrator."),
        (name = "sessions", description = "Logging in and out."),
        (name = "me", description = "The caller's own account."),
        (name = "users", description = "People, for those who may manage them."),
        (name = "roles", description = "Named sets of permissions."),
        (name = "permissions", description = "What a role can allow."),
        (name = "settings", description = "Typed values that can change without a release."),
        (name = "teams", description = "People who share resources, and what that lets them do."),
        (name = "audit", description = "Who changed what, in a chain that shows when it was tampered with."),
        (name = "secrets", description = "Secrets under their paths, and the places that secrets are read from."),
        (name = "cloud", description = "Machines at providers, and jobs that set them up."),
        (name = "netboot", description = "Machines that boot from the network."),
        (name = "fleet", description = "Hosts that are asked through Fleet, what they answer, and what it raises."),
        (name = "inventory", description = "Hosts and applications as Elder is told of them."),
        (name = "access", description = "Agents that open shells, the keys they enrol with, authorities for SSH, and who had which shell."),
        (name = "gateway", description = "The APIs that are offered, and how often each is called."),
        (name = "proxy", description = "Clusters of proxies, what stands behind them, and what they are told and report."),
        (name = "displays", description = "Pixel displays, their apps, and what each shows now."),
        (name = "webtest", description = "Pages and environments that tests run on."),
        (name = "health", description = "Whether the process lives and can serve."),
    )
)]
struct Description;

/// All routes, their description and the page.
pub(crate) fn routes() -> Router<App> {
    let (routes, described) = described().split_for_parts();
    routes.merge(page(complete(described)))
}

fn described() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Description::openapi())
        .merge(health::routes())
        .merge(metrics::routes())
        .merge(identity::routes())
        .merge(settings::routes())
        .merge(teams::routes())
        .merge(audit::routes())
        .merge(secrets::routes())
        .merge(cloud::routes())
        .merge(netboot::routes())
        .merge(fleet::routes())
        .merge(inventory::routes())
        .merge(access::routes())
        .merge(gateway::routes())
        .merge(proxy::routes())
        .merge(displays::routes())
        .merge(webtest::routes())
}

/// The page needs its own scripts and styles, and nothing from elsewhere.
fn page(description: openapi::OpenApi) -> Router<App> {
    const POLICY: HeaderValue = HeaderValue::from_static(
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
         connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
    const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
    // Unless it is told so, the page asks a validator on the net.
    let config = Config::default().validator_url("none");
    let page: Router<App> =
        SwaggerUi::new("/docs").config(config).url("/openapi.json", description).into();
    page.layer(map_response(async |mut response: Response| {
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
        if headers.get(header::CONTENT_TYPE).is_some_and(|it| it == "text/html") {
            headers.insert(header::CONTENT_TYPE, HTML);
        }
        response
    }))
}

/// Adds what is the same for all: the token, where one is needed, and how errors look.
fn complete(mut description: openapi::OpenApi) -> openapi::OpenApi {
    let components = description.components.get_or_insert_default();
    for (name, about) in [
        (BEARER, "An access token of somebody who has logged in, or an API key."),
        (
            KEY,
            "The key of a machine: an agent, an enrolment, a cluster of proxies, a display, Prometheus.",
        ),
    ] {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(about));
        components.add_security_scheme(name, SecurityScheme::Http(scheme.build()));
    }
    components.parameters.insert(IDEMPOTENCY_KEY.to_owned(), RefOr::T(idempotency_key()));
    for (path, item) in &mut description.paths.paths {
        if let Some(operation) = item.post.as_mut().filter(|_| idempotency::takes(path)) {
            let place = format!("#/components/parameters/{IDEMPOTENCY_KEY}");
            operation.parameters.get_or_insert_default().push(RefOr::Ref(Ref::new(place)));
        }
        let operations =
            [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch];
        for operation in operations.into_iter().flatten() {
            let is_public = PUBLIC.contains(&path.as_str());
            let scheme = if KEYED.contains(&path.as_str()) { KEY } else { BEARER };
            let security = (!is_public).then(|| SecurityRequirement::new(scheme, [""; 0]));
            operation.security = Some(security.into_iter().collect());
            succeeds_with_a_word(operation);
            fails_with_problems(operation);
        }
    }
    description
}

fn idempotency_key() -> Parameter {
    let (least, most) = (idempotency::LENGTH.start(), idempotency::LENGTH.end());
    let key = format!("[!#-~]{{{least},{most}}}");
    let text = ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some(format!("^({key}|\"{key}\")$")));
    ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "A random text, such as a UUID, new for each request. Whoever sends the same request with \
             the same key within 24 hours gets the answer of the first time again, with \
             `Idempotency-Replayed: true`, and nothing is done twice.",
        ))
        .schema(Some(text))
        .build()
}

/// The format wants a description of every response; what there is to say stands at the operation
/// and at the schema.
fn succeeds_with_a_word(operation: &mut Operation) {
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else { continue };
        let word = match status.as_str() {
            "201" => "Made.",
            "204" => "Done; there is nothing more to say.",
            _ => "What was asked for.",
        };
        if response.description.is_empty() {
            word.clone_into(&mut response.description);
        }
    }
}

fn fails_with_problems(operation: &mut Operation) {
    let content = openapi::ContentBuilder::new()
        .schema(Some(RefOr::Ref(Ref::from_schema_name("Problem"))))
        .build();
    let response = ResponseBuilder::new()
        .description("An error, as a problem document.")
        .content("application/problem+json", content)
        .build();
    operation.responses.responses.insert("default".to_owned(), RefOr::T(response));
}
