#include "api/revocation_stream.hpp"

#include <algorithm>
#include <span>

#include "base/encoding.hpp"
#include "base/json_text.hpp"

namespace postern::api {
namespace {

using Kind = core::RevocationLogEntry::Kind;

// Stands for the position while a snapshot is not complete: nobody can go on from there.
constexpr std::string_view incomplete = "incomplete";
// What one look into the log may come to, each entry an event of its own: half a chunk at the most.
constexpr std::size_t entries_at_once = 64;
constexpr std::size_t chunk_bytes_wanted = limits::http_stream_chunk_bytes / 4;
// Of a list at once; a multiple of three, so that the pieces' base64 is that of the whole.
constexpr std::size_t list_bytes_at_once = 3 * 8 * 1024;

// A reader may follow for months, and whatever it has sent would stay as long.
std::string_view position_of(std::string_view last_event_id) {
    return last_event_id.size() <= limits::event_id_bytes ? last_event_id : incomplete;
}

}  // namespace

RevocationStream::RevocationStream(const Service& service, RevocationFeed::Place place,
                                   core::AuthenticatedClient client, std::optional<std::string_view> last_event_id)
    : service_(service),
      feed_(service.revocation_feed),
      log_(feed_.log()),
      place_(std::move(place)),
      client_(std::move(client)),
      asked_for_(position_of(last_event_id.value_or(""))) {}

void RevocationStream::begin(std::string& chunk) {
    begun_ = true;
    chunk += "retry: 1000\n\n";
    const auto known = log_.parse(asked_for_);
    std::vector<core::RevocationLogEntry> nothing;
    if (known.has_value() && log_.read_after(*known, 0, nothing)) {
        position_ = *known;
        return;
    }
    snapshot_ = feed_.snapshot();
    position_ = snapshot_->position;
    if (asked_for_.empty()) return;
    feed_.count_gap();
    append_event(chunk, "gap",
                 std::string(R"({"reason":")") + (known.has_value() ? "too_old" : "unknown_position") + "\"}");
}

http::ResponseStream::Next RevocationStream::next(std::string& chunk) {
    const auto now = std::chrono::steady_clock::now();
    if (now >= heartbeat_at_ && !service_.clients.is_current(client_)) {
        return cut(chunk, RevocationFeed::Cut::unauthorized, "unauthorized");
    }
    if (!begun_) begin(chunk);
    if (snapshot_) {
        append_snapshot(chunk);
        return {.ask_again = TimePoint::min()};
    }
    // Before the changes: a heartbeat says that whatever was known by then has been told.
    const bool fresh = service_.store.revocations().is_fresh();
    switch (append_changes(chunk)) {
        case Told::too_late: return cut(chunk, RevocationFeed::Cut::slow, "slow");
        case Told::some: return {.ask_again = TimePoint::min()};
        case Told::all: break;
    }
    append_health(chunk, fresh, now);
    return {.ask_again = heartbeat_at_};
}

void RevocationStream::append_snapshot(std::string& chunk) {
    const auto& lists = snapshot_->lists;
    while (list_ < lists.size()) {
        append_list(chunk, lists[list_]);
        if (chunk.size() >= chunk_bytes_wanted) return;
    }
    const std::size_t count = lists.size();
    snapshot_.reset();
    append_event(chunk, "ready", R"({"lists":)" + std::to_string(count) + "}");
}

void RevocationStream::append_list(std::string& chunk, const core::PublishedList& list) {
    if (list_bytes_ == 0) {
        append_id(chunk);
        chunk += "event: snapshot\ndata: {\"list\":" + uri_of(list.id) +
                 ",\"expires_at\":" + std::to_string(to_seconds(list.expires_at)) +
                 ",\"revoked\":" + (list.revoked ? "true" : "false") + ",\"lst\":\"";
    }
    const auto piece = std::span(*list.zlib).subspan(list_bytes_);
    const auto sent = piece.first(std::min(piece.size(), list_bytes_at_once));
    chunk += encode_base64url(sent);
    list_bytes_ += sent.size();
    if (sent.size() < piece.size()) return;
    chunk += "\"}\n\n";
    ++list_;
    list_bytes_ = 0;
}

RevocationStream::Told RevocationStream::append_changes(std::string& chunk) {
    std::vector<core::RevocationLogEntry> entries;
    while (chunk.size() < chunk_bytes_wanted) {
        if (!log_.read_after(position_, entries_at_once, entries)) return Told::too_late;
        if (entries.empty()) return Told::all;
        append_entries(chunk, entries);
    }
    return Told::some;
}

void RevocationStream::append_entries(std::string& chunk, const std::vector<core::RevocationLogEntry>& entries) {
    for (auto entry = entries.begin(); entry != entries.end();) {
        std::string list = R"({"list":)" + uri_of(entry->list);
        if (entry->kind == Kind::slot_revoked) {
            const auto goes_on = [&](const auto& other) {
                return other.kind == Kind::slot_revoked && other.list == entry->list;
            };
            const auto end = std::find_if_not(entry, entries.end(), goes_on);
            list += ",\"idx\":[";
            for (auto slot = entry; slot != end; ++slot)
                list += (slot == entry ? "" : ",") + std::to_string(slot->slot);
            position_ += static_cast<core::RevocationPosition>(end - entry);
            entry = end;
            append_event(chunk, "revoked", list + "]}");
            continue;
        }
        ++position_;
        if (entry->kind == Kind::keys_changed) append_event(chunk, "keys", "{}");
        if (entry->kind == Kind::list_revoked) append_event(chunk, "list_revoked", list + "}");
        if (entry->kind == Kind::list_opened) {
            append_event(chunk, "list",
                         list + ",\"expires_at\":" + std::to_string(to_seconds(entry->expires_at)) + "}");
        }
        ++entry;
    }
}

void RevocationStream::append_health(std::string& chunk, bool fresh, TimePoint now) {
    const bool changed = fresh == told_stale_;
    if (!changed && now < heartbeat_at_) return;
    if (fresh) {
        append_event(chunk, "heartbeat", R"({"time":)" + std::to_string(to_seconds(service_.clock.now())) + "}");
    } else {
        append_event(chunk, "stale", "{}");
    }
    told_stale_ = !fresh;
    heartbeat_at_ = now + feed_.heartbeat();
}

http::ResponseStream::Next RevocationStream::cut(std::string& chunk, RevocationFeed::Cut reason,
                                                 std::string_view word) {
    feed_.count_cut(reason);
    // In the middle of a list nothing can be said; an event without its end counts for nothing.
    if (list_bytes_ == 0) append_event(chunk, "cut", R"({"reason":")" + std::string(word) + "\"}");
    return {.last = true};
}

std::string RevocationStream::farewell() {
    std::string chunk;
    cut(chunk, RevocationFeed::Cut::shutdown, "shutdown");
    return chunk;
}

void RevocationStream::ended(Ending ending) {
    if (ending == Ending::too_slow) feed_.count_cut(RevocationFeed::Cut::slow);
}

void RevocationStream::append_event(std::string& chunk, std::string_view event, std::string_view data) const {
    append_id(chunk);
    chunk.append("event: ").append(event).append("\ndata: ").append(data).append("\n\n");
}

void RevocationStream::append_id(std::string& chunk) const {
    chunk.append("id: ").append(snapshot_ ? std::string(incomplete) : log_.text_of(position_)).append("\n");
}

std::string RevocationStream::uri_of(const core::ListId& list) const {
    return quote_json(core::status_list_uri(service_.token_policy.issuer, list));
}

}  // namespace postern::api
