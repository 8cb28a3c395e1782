// GET /status-lists/{id}: a Token Status List (draft-ietf-oauth-status-list-20 section 8.1), for whoever verifies
// tokens and for every cache in between. GET /status-lists: which there are (section 11.3). From memory.
#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "api/answer.hpp"
#include "api/routes.hpp"
#include "base/ascii.hpp"
#include "core/status_lists.hpp"

namespace postern::api {
namespace {

constexpr std::string_view media_type = "application/statuslist+jwt";

// The weight of one member of an Accept-Encoding header (RFC 9110 section 12.4.2): only whether it is zero matters.
bool is_refused(std::string_view parameters) {
    const auto equals = parameters.find('=');
    if (equals == std::string_view::npos) return false;
    const std::string_view weight = trim_spaces(parameters.substr(equals + 1));
    return weight.find_first_not_of("0.") == std::string_view::npos;
}

// Whether the client takes gzip: named, or by "*" where it is not.
bool takes_gzip(const http::Request& request) {
    std::string_view rest = request.header("Accept-Encoding").value_or("");
    bool by_star = false;
    while (!rest.empty()) {
        const std::string_view member = take_list_member(rest);
        const auto semicolon = std::min(member.find(';'), member.size());
        const std::string_view coding = trim_spaces(member.substr(0, semicolon));
        const bool accepted = !is_refused(member.substr(semicolon));
        if (equal_ignoring_case(coding, "gzip") || equal_ignoring_case(coding, "x-gzip")) return accepted;
        if (coding == "*") by_star = accepted;
    }
    return by_star;
}

http::Response public_answer(Milliseconds max_age) {
    http::Response response;
    response.with("Cache-Control", "public, max-age=" + std::to_string(std::chrono::floor<Seconds>(max_age).count()));
    response.with("Access-Control-Allow-Origin", "*");
    return response;
}

}  // namespace

http::Response status_list(const Service& service, const http::Request& request) {
    const auto id = core::ListId::parse(request.path_parameters.at(0).second);
    if (!id.has_value()) {
        return answer_error(not_found("status_list_unknown", "A status list is named by its UUID"), request);
    }
    const auto list = service.status_lists.get(*id);
    if (!list.has_value()) return answer_error(list.error(), request);
    const bool compressed = takes_gzip(request);
    const std::string tag = '"' + (*list)->tag + (compressed ? "-gzip\"" : "\"");
    auto response = public_answer(service.status_lists.time_to_live());
    response.with("ETag", tag).with("Vary", "Accept-Encoding");
    if (has_current(request, tag)) {
        response.status = 304;
        return response;
    }
    response.content_type = media_type;
    if (compressed) response.with("Content-Encoding", "gzip");
    response.body = compressed ? (*list)->gzipped() : (*list)->token;
    return response;
}

http::Response status_lists(const Service& service, const http::Request&) {
    boost::json::array uris;
    for (const std::string& uri : service.status_lists.uris()) uris.emplace_back(uri);
    auto response = public_answer(service.status_lists.time_to_live());
    response.content_type = "application/json";
    response.body = boost::json::serialize(boost::json::object{{"status_lists", std::move(uris)}});
    return response;
}

}  // namespace postern::api
