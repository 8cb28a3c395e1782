// GET /revocations: the stream of revocations, for clients (src/api/revocation_stream.hpp has its protocol).
#include "api/client_authentication.hpp"
#include "api/messages.hpp"
#include "api/revocation_stream.hpp"
#include "api/routes.hpp"

namespace postern::api {

FlowResult revocations(const Service& service, const http::Request& request) {
    auto client = get_client(service, request);
    if (!client.has_value()) co_return std::move(client.error());
    auto place = service.revocation_feed.take_place(client->client().id);
    if (!place.has_value()) co_return std::move(place.error());
    http::Response response{.headers = {}, .content_type = "text/event-stream", .body = {}};
    // nginx would keep a whole buffer of it back.
    response.with("Cache-Control", "no-store").with("X-Accel-Buffering", "no");
    response.stream = std::make_shared<RevocationStream>(service, std::move(*place), std::move(*client),
                                                         request.header("Last-Event-ID"));
    co_return response;
}

Facts describe_revocations() {
    return {.operation_id = "followRevocations",
            .summary = "Follow the revocations",
            .description =
                "Server-Sent Events, for clients that verify tokens themselves: first a `snapshot` of each status list "
                "and `ready`, then `list`, `revoked`, `list_revoked` and `keys` as they happen, a `heartbeat` while "
                "all that this node should know has been told, `stale` when it no longer knows, `cut` before it "
                "closes. Every event has an id; `Last-Event-ID` goes on after it, or is answered with `gap` and a "
                "snapshot. docs/revocation.md of the server has the details.",
            .credential = Credential::client,
            .answers = {{.status = 200,
                         .description = "The stream; it goes on until one of the two closes it",
                         .media_type = "text/event-stream"},
                        {400, "The request is malformed", schema_of<ErrorResponse>()},
                        {401, "The client has not proven itself", schema_of<ErrorResponse>()},
                        {429,
                         "`too_many_streams`: the client has as many streams at this node as one may have; each "
                         "verifying process needs one",
                         schema_of<ErrorResponse>()}}};
}

}  // namespace postern::api
