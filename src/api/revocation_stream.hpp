// What one reader of the revocations is told (GET /revocations), as Server-Sent Events (the HTML standard,
// section 9.2).
//
//   [gap] -> snapshot, one for each list -> ready -> changes      without a position, or with one that is of no use
//   here changes                                                       after a position that is remembered
//
// Between the changes, when all of them have been told: heartbeat while this node sees its database, stale once it
// does not. A reader that has fallen out of the log's memory is cut. Nothing is queued for a reader: it has its
// position in the log, and of a snapshot the place in the list that is being sent.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "api/revocation_feed.hpp"
#include "api/service.hpp"
#include "core/clients.hpp"
#include "http/response_stream.hpp"

namespace postern::api {

class RevocationStream final : public http::ResponseStream {
public:
    // `last_event_id`: of the event that the reader saw last. `service` outlives this.
    RevocationStream(const Service& service, RevocationFeed::Place place, core::AuthenticatedClient client,
                     std::optional<std::string_view> last_event_id);

    Next next(std::string& chunk) override;
    void wake_with(std::function<void()> wake) override { place_.wake_with(std::move(wake)); }
    std::string farewell() override;
    void ended(Ending ending) override;

private:
    void begin(std::string& chunk);
    void append_snapshot(std::string& chunk);
    void append_list(std::string& chunk, const core::PublishedList& list);
    enum class Told { all, some, too_late };
    Told append_changes(std::string& chunk);
    void append_entries(std::string& chunk, const std::vector<core::RevocationLogEntry>& entries);
    void append_health(std::string& chunk, bool fresh, TimePoint now);
    Next cut(std::string& chunk, RevocationFeed::Cut reason, std::string_view word);
    void append_event(std::string& chunk, std::string_view event, std::string_view data) const;
    void append_id(std::string& chunk) const;
    [[nodiscard]] std::string uri_of(const core::ListId& list) const;

    const Service& service_;
    RevocationFeed& feed_;
    const core::RevocationLog& log_;
    RevocationFeed::Place place_;
    const core::AuthenticatedClient client_;

    const std::string asked_for_;  // a position; empty: none
    bool begun_ = false;
    std::shared_ptr<const RevocationSnapshot> snapshot_;  // while it is being sent
    std::size_t list_ = 0;                                // of it, and how many of the list's bytes have been sent
    std::size_t list_bytes_ = 0;
    core::RevocationPosition position_ = 0;  // everything up to it has been told
    TimePoint heartbeat_at_ = TimePoint::min();
    bool told_stale_ = false;
};

}  // namespace postern::api
