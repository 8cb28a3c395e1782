// GET /verify: whether a proxy may let a request through, and whose it is. From memory, unless this node must first
// catch up with the store.
//
// nginx (auth_request), Caddy (forward_auth), Traefik (forwardAuth) and Envoy (ext_authz) send the headers of the
// request that they hold back and take 200 for yes. What they are to require stands in the query, which they must
// write themselves: a parameter that is unknown, repeated or empty refuses everybody instead of letting somebody in.
#include <algorithm>

#include "api/answer.hpp"
#include "api/bearer.hpp"
#include "api/messages.hpp"
#include "api/routes.hpp"
#include "api/sign_in.hpp"
#include "core/scopes.hpp"

namespace postern::api {
namespace {

struct Requirements {
    std::vector<std::string> scopes;     // all of them
    std::vector<std::string> roles;      // any of them; none: whatever they are
    std::vector<std::string> audiences;  // the token's must be among them; none: as the configuration says
};

Result<std::vector<std::string>> words_of(std::string_view parameter, const std::optional<std::string>& text) {
    if (!text.has_value()) return std::vector<std::string>();
    auto words = core::split_scope(*text);
    if (words.has_value()) return words;
    return invalid_input("invalid_parameter",
                         "Query parameter \"" + std::string(parameter) + "\": must be words with one space between");
}

Result<Requirements> read_requirements(const http::Request& request) {
    Requirements requirements;
    if (request.query.empty()) return requirements;  // nearly every time
    const auto query = TRY(parse_query<VerifyQuery>(request.query));
    requirements.scopes = TRY(words_of("scope", query.scope));
    requirements.roles = TRY(words_of("role", query.role));
    requirements.audiences = TRY(words_of("audience", query.audience));
    if (requirements.audiences.size() > 1) {
        return invalid_input("invalid_parameter", "Query parameter \"audience\": must be one audience");
    }
    return requirements;
}

struct Question {
    Requirements requirements;
    std::string_view token;

    [[nodiscard]] const std::vector<std::string>* audiences() const {
        return requirements.audiences.empty() ? nullptr : &requirements.audiences;
    }
};

Result<Question> read_question(const http::Request& request) {
    Question question;
    question.requirements = TRY(read_requirements(request));
    question.token = TRY(bearer_token(request));
    return question;
}

bool contains(const std::vector<std::string>& words, const std::string& word) {
    return std::ranges::find(words, word) != words.end();
}

// Why the token is not enough; nothing when it is.
std::optional<Error> find_lack(const core::AccessClaims& claims, const Requirements& requirements) {
    for (const std::string& scope : requirements.scopes) {
        if (!contains(claims.scopes, scope)) {
            return forbidden("insufficient_scope", "The token does not have the scope " + scope);
        }
    }
    const bool has_role = std::ranges::find_first_of(claims.roles, requirements.roles) != claims.roles.end();
    if (requirements.roles.empty() || has_role) return std::nullopt;
    return forbidden("role_required", "The token has none of the roles: " + core::join_words(requirements.roles));
}

// RFC 6750 section 3.1: what would have been enough.
http::Response refuse_for_lack(const Error& lack, const Requirements& requirements, const http::Request& request) {
    auto response = answer_error(lack, request);
    if (requirements.scopes.empty()) return response;
    for (auto& [name, value] : response.headers) {
        if (name == "WWW-Authenticate") value += ", scope=\"" + core::join_words(requirements.scopes) + '"';
    }
    return response;
}

http::Response answer_bearer(const core::Bearer& bearer, const Requirements& requirements,
                             const http::Request& request) {
    if (const auto lack = find_lack(bearer.claims(), requirements)) {
        return refuse_for_lack(*lack, requirements, request);
    }
    http::Response response;
    response.prepared_lines = bearer.prepared();
    if (response.prepared_lines->empty()) {
        return answer_error(internal_error("What the token says cannot stand in a header"), request);
    }
    return response;
}

}  // namespace

std::optional<http::Response> verify_from_memory(const Service& service, const http::Request& request) {
    const auto question = read_question(request);
    if (!question.has_value()) return answer_error(question.error(), request);
    const auto bearer = check_token_from_memory(service, question->token, question->audiences());
    if (!bearer.has_value()) return std::nullopt;
    if (!bearer->has_value()) return answer_error(bearer->error(), request);
    return answer_bearer(**bearer, question->requirements, request);
}

FlowResult verify(const Service& service, const http::Request& request) {
    const Question question = CO_TRY(read_question(request));
    auto checked = co_await check_token(service, question.token, question.audiences());
    const core::Bearer bearer = CO_TRY(std::move(checked));
    co_return answer_bearer(bearer, question.requirements, request);
}

Facts describe_verify() {
    return {
        .operation_id = "verify",
        .summary = "May this request pass",
        .description =
            "For proxies that ask before they let a request through (nginx auth_request, Caddy forward_auth, "
            "Traefik forwardAuth, Envoy ext_authz). Any method does; a body is not looked at.",
        .credential = Credential::access_token,
        .body = Body::none,
        .request = {},
        .query = schema_of<VerifyQuery>(),
        .answers =
            {
                {200,
                 "It may. X-Auth-Subject, X-Auth-Client, X-Auth-Session, X-Auth-Roles, X-Auth-Scope, X-Auth-Token-Id "
                 "and X-Auth-Expires say whose it is; each is always there, empty where there is nothing to say",
                 {}},
                {400, "The query, or the Authorization header, is malformed", schema_of<ErrorResponse>()},
                {401, "The access token is missing, invalid, expired or revoked", schema_of<ErrorResponse>()},
                {403, "The token lacks a scope or a role that the query requires", schema_of<ErrorResponse>()},
            },
    };
}

}  // namespace postern::api
