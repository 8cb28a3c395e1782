#include "feed.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <limits>

#include "base/json.hpp"
#include "base/limits.hpp"
#include "core/claims.hpp"
#include "verify/claims.hpp"
#include "verify/status_list.hpp"

namespace postern::client {
namespace {

namespace json = boost::json;

constexpr std::size_t longest_event = limits::json_text_bytes + 1024;
constexpr std::size_t longest_position = 256;

Error no_feed(std::string what) {
    return invalid_input("invalid_feed", "The revocation feed " + std::move(what));
}

Result<core::ListId> get_list(const json::object& data, std::string_view issuer) {
    const std::string_view uri = TRY(verify::get_text(data, "list"));
    const auto list = core::parse_status_list_uri(issuer, uri);
    if (!list || core::status_list_uri(issuer, *list) != uri) return no_feed("names a list of another issuer");
    return *list;
}

Result<std::vector<std::uint32_t>> get_indices(const json::object& data) {
    const json::value* value = TRY(verify::get_claim(data, "idx"));
    if (!value->is_array()) return no_feed("has an event without idx");
    std::vector<std::uint32_t> indices;
    for (const json::value& element : value->get_array()) {
        const std::int64_t* index = element.if_int64();
        if (index == nullptr || *index < 0 || *index > std::numeric_limits<std::uint32_t>::max()) {
            return no_feed("has an idx out of range");
        }
        indices.push_back(static_cast<std::uint32_t>(*index));
    }
    return indices;
}

Result<void> in_room(bool had_room) {
    if (!had_room) return no_feed("tells of more lists or tokens than there can be");
    return {};
}

bool is_printable(std::string_view text) {
    for (const char c : text) {
        if (c < ' ' || c > '~') return false;
    }
    return true;
}

}  // namespace

Result<void> EventParser::read(std::string_view bytes, const std::function<Result<void>(const Event&)>& on_event) {
    for (const char c : bytes) {
        const bool second_of_pair = after_return_ && c == '\n';
        after_return_ = c == '\r';
        if (second_of_pair) continue;
        if (c == '\n' || c == '\r') {
            TRY(end_line(on_event));
            line_.clear();
            continue;
        }
        if (line_.size() >= longest_event) return no_feed("has a line that is too long");
        line_.push_back(c);
    }
    return {};
}

Result<void> EventParser::end_line(const std::function<Result<void>(const Event&)>& on_event) {
    if (line_.empty()) {
        const Event event = std::exchange(event_, {});
        if (!std::exchange(has_data_, false)) return {};
        return on_event(event);
    }
    const auto colon = std::min(line_.find(':'), line_.size());
    const std::string_view field = std::string_view(line_).substr(0, colon);
    std::string_view value = std::string_view(line_).substr(std::min(colon + 1, line_.size()));
    if (value.starts_with(' ')) value.remove_prefix(1);
    if (field == "data") {
        if (event_.data.size() + value.size() >= longest_event) return no_feed("has an event that is too long");
        if (has_data_) event_.data += '\n';
        event_.data += value;
        has_data_ = true;
    } else if (field == "event") {
        event_.name = value;
    } else if (field == "id" && value.find('\0') == std::string_view::npos) {
        event_.position = std::string(value);
    } else if (field == "retry" && !value.empty() && value.size() < 8 &&
               value.find_first_not_of("0123456789") == std::string_view::npos) {
        retry_ = Milliseconds(std::stol(std::string(value)));
    }
    return {};
}

void Feed::begin_snapshot() {
    if (has_begun_) keys_changed_();  // what was missed may have told of it, and a snapshot does not
    has_begun_ = true;
    snapshots_ = 0;
    position_.reset();
    lists_.begin_snapshot();
}

void Feed::connected(Steady now) {
    snapshots_.reset();
    moved_at_ = now;
    if (!position_) begin_snapshot();
}

void Feed::disconnected(bool start_over) {
    if (start_over) position_.reset();
    lists_.give_up_snapshot();
    lists_.feed_is_not();
}

Result<void> Feed::apply(const Event& event, Steady now) {
    TRY(apply_data(event, now));
    // Half a snapshot is no place to resume from: what it did not reach would be taken for unchanged.
    if (event.position && !snapshots_) {
        if (event.position->size() > longest_position || !is_printable(*event.position)) {
            return no_feed("has a position that cannot be sent back");
        }
        position_ = event.position->empty() ? std::nullopt : event.position;
    }
    return {};
}

Result<void> Feed::apply_data(const Event& event, Steady now) {
    const std::span bytes(reinterpret_cast<const std::uint8_t*>(event.data.data()), event.data.size());
    const json::value parsed = TRY(verify::parse_claims(bytes));
    const json::object& data = parsed.get_object();
    if (event.name == "gap") {
        moved_at_ = now;
        begin_snapshot();
    } else if (event.name == "snapshot") {
        moved_at_ = now;
        const json::value* revoked = TRY(verify::get_claim(data, "revoked"));
        if (!revoked->is_bool()) return no_feed("has a snapshot without revoked");
        const auto list = TRY(get_list(data, issuer_));
        const auto expires_at = TRY(verify::get_time(data, "expires_at"));
        const auto packed = TRY(verify::get_text(data, "lst"));
        auto bits = TRY(verify::Statuses::unpack(1, packed));
        TRY(in_room(lists_.put_snapshot(list, expires_at, revoked->get_bool(), std::move(bits).take_bytes())));
        if (snapshots_) ++*snapshots_;
    } else if (event.name == "ready") {
        moved_at_ = now;
        const auto expected = TRY(verify::get_whole(data, "lists", std::numeric_limits<std::int32_t>::max()));
        if (snapshots_ && *snapshots_ < expected) return no_feed("is ready before its snapshot is complete");
        if (snapshots_) lists_.end_snapshot();
        snapshots_.reset();
    } else if (event.name == "keys") {
        keys_changed_();
    } else if (event.name == "heartbeat") {
        const auto told = TRY(verify::get_time(data, "time"));
        // What is kept back on its way to us says nothing of now. Told in whole seconds.
        if (clock_.now() - told > stale_after_ + Seconds(1)) return {};
        moved_at_ = now;
        const auto late = std::max(clock_.now() - told - Seconds(1), Timestamp::duration(0));
        if (!snapshots_) lists_.feed_is_fresh(now - late);
    } else if (event.name == "stale") {
        lists_.feed_is_not();
    } else if (event.name == "cut") {
        const json::value* reason = data.if_contains("reason");
        return Error{ErrorKind::unavailable, "cut",
                     reason != nullptr && reason->is_string() ? std::string(reason->get_string()) : std::string()};
    }
    return apply_change(event.name, data);
}

Result<void> Feed::apply_change(std::string_view name, const json::object& data) {
    if (name != "list" && name != "revoked" && name != "list_revoked") return {};  // from a newer server, or done above
    const auto list = TRY(get_list(data, issuer_));
    if (name == "list") {
        const auto expires_at = TRY(verify::get_time(data, "expires_at"));
        return in_room(lists_.open_list(list, expires_at));
    }
    if (name == "list_revoked") return in_room(lists_.revoke_list(list));
    const auto indices = TRY(get_indices(data));
    return in_room(lists_.revoke(list, indices));
}

}  // namespace postern::client
