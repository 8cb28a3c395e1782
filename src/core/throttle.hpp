// Who may try a password, decided before any hashing.
//
// Four budgets, each of which an attempt must fit into:
//  - failed logins of a network (IPv6: a /64), over a sliding window;
//  - failed logins of a network against one address, over the same window;
//  - failed logins against one address from anywhere, in a row. Kept in the store by digest of the address, whether
//    there is such an account or not, so that nodes share it and a restart forgets nothing. Past it only networks that
//    have logged in to the account and devices with its cookie may try: an attacker cannot lock the owner out;
//  - instead of the first two, failed logins of a device that shows a good cookie for the address (device_cookie.hpp),
//    so that a neighbour behind the same address cannot lock the owner out either.
//
// An attempt takes its place in all of them before it is hashed and gives it back only when the password was right, or
// was never looked at. So parallel guesses evaluate no more than the limit, whatever way they come.
//
// The budgets of networks and devices are this node's own and in memory, bounded by limits::throttle_entries. A failed
// login writes nothing: flush() does, for all of the last second. Thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/digest.hpp"
#include "base/limits.hpp"
#include "base/result.hpp"
#include "core/device_cookie.hpp"
#include "core/login.hpp"
#include "core/store.hpp"

namespace postern::core {

struct ThrottlePolicy {
    std::int64_t network_failures = limits::throttle_network_failures;
    std::int64_t account_network_failures = limits::throttle_account_network_failures;
    std::int64_t account_failures = limits::throttle_account_failures;
    Milliseconds lock_time = limits::throttle_lock_time;
    std::int64_t network_requests = limits::throttle_network_requests;
};

// What the store calls an address: digest() of its email key. Write steps hand it to delete_login_failures().
std::vector<std::uint8_t> email_digest(std::string_view email_key);

// Whose attempt it is.
struct Guesser {
    std::string email_key;
    std::string network;           // http::network_of() the client's address
    std::optional<Device> device;  // what read_device_cookie() says of a good cookie for this address
};

struct ThrottleFigures {
    std::int64_t refused_network = 0;  // attempts, since the start, by the budget that was used up
    std::int64_t refused_account_network = 0;
    std::int64_t refused_device = 0;
    std::int64_t refused_account = 0;
    std::int64_t refused_requests = 0;
    std::int64_t entries = 0;    // budgets remembered now
    std::int64_t unflushed = 0;  // failed logins that the store does not know of yet
};

// A network whose budget is used up.
struct ThrottledNetwork {
    std::string network;
    std::int64_t failures = 0;
    Timestamp until;  // when its next attempt is let through
};

class Throttle {
public:
    // An attempt's place. Given back when it dies unsettled: the password was not looked at, or could not be.
    class Ticket {
    public:
        Ticket(Ticket&&) noexcept;
        Ticket& operator=(Ticket&&) noexcept;
        Ticket(const Ticket&) = delete;
        Ticket& operator=(const Ticket&) = delete;
        ~Ticket();

        // After the read: takes a place in the address's total. Errors: throttled "too_many_attempts".
        Result<void> check_total(const LoginAttempt& attempt);
        // Attempts of its network, or of its device, that had failed lately or were under way when it was made.
        [[nodiscard]] std::int64_t earlier_attempts() const;
        // Whether failures of the address have come up since the ticket was made that the store may know of by now.
        [[nodiscard]] bool saw_failures() const;
        // The password was wrong, or there is no such account.
        void failed(const LoginAttempt& attempt);
        // The password was right, and what it was asked for is committed: the address's failures are forgotten. The
        // write step deletes what the store has of them (finish_login() does).
        void succeeded();

    private:
        friend class Throttle;
        struct State;
        explicit Ticket(std::unique_ptr<State> state);
        void release() noexcept;
        std::unique_ptr<State> state_;  // nothing once it is settled
    };

    // `clock` must outlive this, and this its tickets.
    Throttle(const ThrottlePolicy& policy, const Clock& clock);
    ~Throttle();
    Throttle(const Throttle&) = delete;
    Throttle& operator=(const Throttle&) = delete;

    // Before the store is asked. Errors: throttled "too_many_attempts", with a Retry-After after which one attempt is
    // let through; overloaded, when too many attempts are under way.
    Result<Ticket> reserve(const Guesser& guesser);
    // A sign-up, or a request that sends mail. Counts whatever comes of it. Errors: throttled "too_many_attempts".
    Result<void> count_request(std::string_view network);

    // For the audit trail: a right password that opened nothing, and the stable word of why. Attempts that fail or are
    // refused here are told of anyway.
    void note_refusal(const AccountId& account, std::string_view network, std::string_view outcome);

    // Forgets what this node has not flushed yet of an address, after its row was deleted in the store: a password
    // reset, an operator who lifts the lock.
    void forget_address(std::string_view email_key);
    void forget_network(std::string_view network);
    // Those that may not try for now, in no order.
    [[nodiscard]] std::vector<ThrottledNetwork> throttled_networks(std::size_t limit) const;
    [[nodiscard]] ThrottleFigures figures() const;
    [[nodiscard]] const ThrottlePolicy& policy() const;

    // Writes what has come up since the last time: totals, and one audit record for each account and network. What
    // could not be written is written the next time. Waits for the store. One caller at a time.
    Result<void> flush(Store& store);

private:
    class Book;
    std::unique_ptr<Book> book_;
};

// Until when an address with these failures is locked; nothing when it is not. Says so of an address that was never
// heard of, too.
std::optional<Timestamp> locked_until(const std::optional<LoginFailures>& failures, const ThrottlePolicy& policy,
                                      Timestamp now);
// Locked addresses by digest, most failures first.
Result<std::vector<LoginFailures>> list_locked_addresses(Reader& reader, const ThrottlePolicy& policy, Timestamp now,
                                                         std::size_t limit);

}  // namespace postern::core
