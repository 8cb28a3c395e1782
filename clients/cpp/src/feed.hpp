// The revocation feed: Server-Sent Events as bytes, and what each of them means for the lists.
#pragma once

#include <boost/json/fwd.hpp>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "lists.hpp"

namespace postern::client {

struct Event {
    std::string name;
    std::string data;
    std::optional<std::string> position;  // `id`
};

// Takes a stream apart (HTML Standard, section 9.2.6), in pieces of any size, within bounded memory.
class EventParser {
public:
    // Errors: invalid_input, for a line or an event longer than any of ours.
    Result<void> read(std::string_view bytes, const std::function<Result<void>(const Event&)>& on_event);
    [[nodiscard]] std::optional<Milliseconds> retry() const { return retry_; }

private:
    Result<void> end_line(const std::function<Result<void>(const Event&)>& on_event);

    std::string line_;
    Event event_;
    bool has_data_ = false;
    bool after_return_ = false;
    std::optional<Milliseconds> retry_;
};

// Follows one feed from connection to connection. Of one thread.
class Feed {
public:
    Feed(std::string issuer, Lists& lists, Milliseconds stale_after, const Clock& clock,
         std::function<void()> keys_changed)
        : issuer_(std::move(issuer)),
          lists_(lists),
          stale_after_(stale_after),
          clock_(clock),
          keys_changed_(std::move(keys_changed)) {}

    void connected(Steady now);
    // `start_over`: what was read last made no sense, so the next connection begins with a snapshot.
    void disconnected(bool start_over);
    // Errors: unavailable "cut", with the server's reason; anything else is no feed of ours.
    Result<void> apply(const Event& event, Steady now);
    // Where to resume; nothing: from the beginning.
    [[nodiscard]] const std::optional<std::string>& position() const { return position_; }
    // When the feed last did what it must do by itself.
    [[nodiscard]] Steady moved_at() const { return moved_at_; }
    [[nodiscard]] bool is_whole() const { return !snapshots_; }

private:
    Result<void> apply_data(const Event& event, Steady now);
    // A list that was opened or revoked, or tokens of one.
    Result<void> apply_change(std::string_view name, const boost::json::object& data);
    void begin_snapshot();

    const std::string issuer_;
    Lists& lists_;
    const Milliseconds stale_after_;
    const Clock& clock_;
    const std::function<void()> keys_changed_;
    std::optional<std::string> position_;
    bool has_begun_ = false;
    std::optional<std::int64_t> snapshots_;  // how many have come; nothing: none is under way
    Steady moved_at_;
};

}  // namespace postern::client
