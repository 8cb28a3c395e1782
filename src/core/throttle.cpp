#include "core/throttle.hpp"

#include <algorithm>
#include <deque>
#include <mutex>
#include <unordered_map>

#include "core/budgets.hpp"
#include "core/failed_logins.hpp"

namespace postern::core {
namespace {

using Kind = Budgets::Kind;

// While places are taken by attempts that are under way, they are settled soon.
constexpr Milliseconds settling_time(1000);

Seconds in_seconds(Milliseconds wait) {
    return std::max(std::chrono::ceil<Seconds>(wait), Seconds(1));
}

// One wording for every cause, so that it tells nothing of the account.
Error too_many(Milliseconds wait) {
    return throttled("too_many_attempts", "Too many attempts; try again later", in_seconds(wait));
}

// What this node knows of an address beyond the store.
struct Address {
    std::int64_t unflushed = 0;  // failures that the store does not know of yet
    std::int64_t flushing = 0;   // that are being written
    std::int64_t flushed = 0;    // that were written since this entry was made
    std::int64_t under_way = 0;  // attempts with a place in the total
    std::int64_t tickets = 0;    // attempts that may still ask for one
    Timestamp last_failure_at;
    [[nodiscard]] bool is_idle() const { return tickets == 0 && unflushed == 0 && flushing == 0; }
};

struct DigestHash {
    std::size_t operator()(const Digest& digest) const noexcept {
        std::size_t value = 0;
        std::copy_n(digest.begin(), sizeof value, reinterpret_cast<std::uint8_t*>(&value));
        return value;
    }
};

Budgets::Key key_of(Kind kind, const Digest& first, const Digest* second = nullptr) {
    Budgets::Key key{.kind = kind, .first = Budgets::half(first)};
    if (second != nullptr) key.second = Budgets::half(*second);
    return key;
}

}  // namespace

struct Throttle::Ticket::State {
    Book& book;
    Guesser guesser;
    Digest address;
    std::vector<Budgets::Place> places;
    std::int64_t flushed_before = 0;  // Address::flushed when the ticket was made
    std::int64_t earlier_attempts = 0;
    bool in_total = false;
};

class Throttle::Book {
public:
    Book(const ThrottlePolicy& policy, const Clock& clock)
        : policy_(policy), clock_(clock), budgets_(limits::throttle_window, limits::throttle_entries) {}

    Result<std::unique_ptr<Ticket::State>> reserve(const Guesser& guesser);
    Result<void> check_total(Ticket::State& ticket, const LoginAttempt& attempt);
    enum class End { failed, succeeded, unused };
    void settle(Ticket::State& ticket, End end);
    bool saw_failures(const Ticket::State& ticket);
    Result<void> count_request(std::string_view network);
    void forget_address(const Digest& address);
    void forget_network(std::string_view network);
    std::vector<ThrottledNetwork> throttled_networks(std::size_t limit);
    ThrottleFigures figures();
    Result<void> flush(Store& store);
    [[nodiscard]] const ThrottlePolicy& policy() const { return policy_; }

    FailedLogins failed_logins;

private:
    struct Budget {
        Budgets::Key key;
        std::int64_t limit;
        std::string_view name;
        std::int64_t ThrottleFigures::*refused;
    };
    [[nodiscard]] std::vector<Budget> budgets_of(const Guesser& guesser, const Digest& address) const;
    Result<bool> flush_some(Store& store);
    std::vector<LoginFailures> take_unflushed();
    void finish_flush(const std::vector<LoginFailures>& written, bool durable);

    const ThrottlePolicy policy_;
    const Clock& clock_;
    std::mutex mutex_;
    Budgets budgets_;
    std::unordered_map<Digest, Address, DigestHash> addresses_;
    ThrottleFigures figures_;
};

std::vector<Throttle::Book::Budget> Throttle::Book::budgets_of(const Guesser& guesser, const Digest& address) const {
    if (guesser.device.has_value()) {
        return {{key_of(Kind::device, guesser.device->key, &address), policy_.account_network_failures, "",
                 &ThrottleFigures::refused_device}};
    }
    const Digest network = digest(guesser.network);
    return {
        {key_of(Kind::network, network), policy_.network_failures, guesser.network, &ThrottleFigures::refused_network},
        {key_of(Kind::account_network, network, &address), policy_.account_network_failures, "",
         &ThrottleFigures::refused_account_network}};
}

Result<std::unique_ptr<Throttle::Ticket::State>> Throttle::Book::reserve(const Guesser& guesser) {
    const Digest address = digest(guesser.email_key);
    const auto wanted = budgets_of(guesser, address);
    const Timestamp now = clock_.now();
    const std::lock_guard lock(mutex_);
    Milliseconds longest{};
    for (const Budget& budget : wanted) {
        const Milliseconds wait = budgets_.wait(budget.key, budget.limit, now);
        if (wait > Milliseconds::zero()) ++(figures_.*budget.refused);
        longest = std::max(longest, wait);
    }
    if (longest > Milliseconds::zero()) {
        failed_logins.note(std::nullopt, guesser.network, "throttled");
        return too_many(longest);
    }
    // Only while the store takes nothing: what is written leaves this map.
    if (addresses_.size() >= limits::throttle_entries && !addresses_.contains(address)) {
        return overloaded("Too many logins are under way; try again in a moment");
    }
    auto state = std::make_unique<Ticket::State>(Ticket::State{*this, guesser, address, {}});
    for (const Budget& budget : wanted) {
        state->earlier_attempts = std::max(state->earlier_attempts, budgets_.used(budget.key, now));
        state->places.push_back(budgets_.take(budget.key, budget.name, now));
    }
    Address& known = addresses_[address];
    ++known.tickets;
    state->flushed_before = known.flushed;
    return state;
}

Result<void> Throttle::Book::check_total(Ticket::State& ticket, const LoginAttempt& attempt) {
    const Timestamp now = clock_.now();
    const std::lock_guard lock(mutex_);
    Address& known = addresses_.at(ticket.address);
    const auto& stored = attempt.failures;
    const bool stored_counts = stored.has_value() && stored->last_at + policy_.lock_time > now;
    const std::int64_t certain = (stored_counts ? stored->count : 0) + known.unflushed;
    // Written since the store was read, or about to be: the read may have seen them or not.
    const std::int64_t perhaps = known.flushing + known.flushed - ticket.flushed_before;
    const auto& device = ticket.guesser.device;
    const bool is_current_device = device && attempt.account && device->account == attempt.account->id &&
                                   device->security_version == attempt.account->security_version;
    const bool may_try_past_it =
        is_current_device ||
        std::ranges::find(attempt.known_networks, ticket.guesser.network) != attempt.known_networks.end();
    if (certain + perhaps + known.under_way >= policy_.account_failures && !may_try_past_it) {
        ++figures_.refused_account;
        const auto account = attempt.account ? std::optional(attempt.account->id) : std::nullopt;
        failed_logins.note(account, account ? "" : ticket.guesser.network, "throttled");
        if (certain < policy_.account_failures) return too_many(settling_time);
        const Timestamp last = std::max(stored_counts ? stored->last_at : Timestamp(), known.last_failure_at);
        return too_many(last + policy_.lock_time - now);
    }
    ++known.under_way;
    ticket.in_total = true;
    return {};
}

void Throttle::Book::settle(Ticket::State& ticket, End end) {
    const Timestamp now = clock_.now();
    const std::lock_guard lock(mutex_);
    for (const Budgets::Place& place : ticket.places) {
        if (end == End::failed) {
            budgets_.keep(place);
        } else {
            budgets_.give_back(place, now);
        }
    }
    const auto found = addresses_.find(ticket.address);
    Address& known = found->second;
    --known.tickets;
    if (ticket.in_total) --known.under_way;
    if (end == End::failed) {
        ++known.unflushed;
        known.last_failure_at = now;
    } else if (end == End::succeeded) {
        known.unflushed = 0;
    }
    if (known.is_idle()) addresses_.erase(found);
}

bool Throttle::Book::saw_failures(const Ticket::State& ticket) {
    const std::lock_guard lock(mutex_);
    const Address& known = addresses_.at(ticket.address);
    return known.unflushed + known.flushing > 0 || known.flushed > ticket.flushed_before;
}

Result<void> Throttle::Book::count_request(std::string_view network) {
    const Budgets::Key key = key_of(Kind::requests, digest(network));
    const Timestamp now = clock_.now();
    const std::lock_guard lock(mutex_);
    const Milliseconds wait = budgets_.wait(key, policy_.network_requests, now);
    if (wait > Milliseconds::zero()) {
        ++figures_.refused_requests;
        return too_many(wait);
    }
    budgets_.keep(budgets_.take(key, "", now));
    return {};
}

void Throttle::Book::forget_address(const Digest& address) {
    const std::lock_guard lock(mutex_);
    const auto found = addresses_.find(address);
    if (found == addresses_.end()) return;
    found->second.unflushed = 0;
    if (found->second.is_idle()) addresses_.erase(found);
}

void Throttle::Book::forget_network(std::string_view network) {
    const Digest named = digest(network);
    const std::lock_guard lock(mutex_);
    budgets_.forget(key_of(Kind::network, named));
    budgets_.forget(key_of(Kind::requests, named));
}

std::vector<ThrottledNetwork> Throttle::Book::throttled_networks(std::size_t limit) {
    const Timestamp now = clock_.now();
    const std::lock_guard lock(mutex_);
    std::vector<ThrottledNetwork> networks;
    for (const Budgets::Entry* entry : budgets_.full_entries(Kind::network, policy_.network_failures, now)) {
        networks.push_back({.network = entry->name,
                            .failures = budgets_.used(entry->key, now),
                            .until = now + budgets_.wait(entry->key, policy_.network_failures, now)});
        if (networks.size() == limit) break;
    }
    return networks;
}

ThrottleFigures Throttle::Book::figures() {
    const std::lock_guard lock(mutex_);
    ThrottleFigures figures = figures_;
    figures.entries = static_cast<std::int64_t>(budgets_.size());
    for (const auto& [digest, address] : addresses_) figures.unflushed += address.unflushed + address.flushing;
    return figures;
}

std::vector<LoginFailures> Throttle::Book::take_unflushed() {
    const std::lock_guard lock(mutex_);
    budgets_.tidy(clock_.now());
    std::vector<LoginFailures> taken;
    for (auto& [digest, address] : addresses_) {
        if (address.unflushed == 0) continue;
        taken.push_back({{digest.begin(), digest.end()}, address.unflushed, address.last_failure_at});
        address.flushing = address.unflushed;
        address.unflushed = 0;
        if (taken.size() == limits::throttle_flush_rows) break;
    }
    // In one order on all nodes, so that no two wait for each other's rows.
    std::ranges::sort(taken, {}, &LoginFailures::email_digest);
    return taken;
}

void Throttle::Book::finish_flush(const std::vector<LoginFailures>& written, bool durable) {
    const std::lock_guard lock(mutex_);
    for (const LoginFailures& failures : written) {
        Digest address{};
        std::ranges::copy(failures.email_digest, address.begin());
        const auto found = addresses_.find(address);
        Address& known = found->second;
        (durable ? known.flushed : known.unflushed) += known.flushing;
        known.flushing = 0;
        if (known.is_idle()) addresses_.erase(found);
    }
}

Result<void> Throttle::Book::flush(Store& store) {
    while (TRY(flush_some(store))) {
    }
    return {};
}

// Says whether there may be more.
Result<bool> Throttle::Book::flush_some(Store& store) {
    const Timestamp now = clock_.now();
    const auto failures = take_unflushed();
    const auto summaries = failed_logins.take(now);
    if (failures.empty() && summaries.empty()) return false;
    auto written = write_and_wait(store, [&](Transaction& transaction) -> Result<void> {
        for (const LoginFailures& added : failures) {
            const auto stored = TRY(transaction.find_login_failures(added.email_digest));
            const bool forgotten = stored.has_value() && stored->last_at + policy_.lock_time <= added.last_at;
            if (forgotten) TRY(transaction.delete_login_failures(added.email_digest));
            TRY(transaction.add_login_failures(added.email_digest, added.count, added.last_at));
        }
        return record_failed_logins(transaction, summaries, now);
    });
    finish_flush(failures, written.has_value());
    if (!written.has_value()) {
        failed_logins.put_back(summaries);
        return std::move(written.error());
    }
    return failures.size() == limits::throttle_flush_rows || summaries.size() == limits::throttle_flush_rows;
}

Throttle::Ticket::Ticket(std::unique_ptr<State> state) : state_(std::move(state)) {}
Throttle::Ticket::Ticket(Ticket&&) noexcept = default;
Throttle::Ticket& Throttle::Ticket::operator=(Ticket&& other) noexcept {
    if (this != &other) {
        release();
        state_ = std::move(other.state_);
    }
    return *this;
}
Throttle::Ticket::~Ticket() {
    release();
}

void Throttle::Ticket::release() noexcept {
    if (state_ != nullptr) state_->book.settle(*state_, Book::End::unused);
    state_.reset();
}

Result<void> Throttle::Ticket::check_total(const LoginAttempt& attempt) {
    return state_->book.check_total(*state_, attempt);
}

std::int64_t Throttle::Ticket::earlier_attempts() const {
    return state_->earlier_attempts;
}

bool Throttle::Ticket::saw_failures() const {
    return state_->book.saw_failures(*state_);
}

void Throttle::Ticket::failed(const LoginAttempt& attempt) {
    const auto state = std::move(state_);
    state->book.settle(*state, Book::End::failed);
    const bool known = attempt.account.has_value();
    state->book.failed_logins.note(known ? std::optional(attempt.account->id) : std::nullopt, state->guesser.network,
                                   known ? "wrong_password" : "unknown_account");
}

void Throttle::Ticket::succeeded() {
    const auto state = std::move(state_);
    state->book.settle(*state, Book::End::succeeded);
}

Throttle::Throttle(const ThrottlePolicy& policy, const Clock& clock) : book_(std::make_unique<Book>(policy, clock)) {}
Throttle::~Throttle() = default;

Result<Throttle::Ticket> Throttle::reserve(const Guesser& guesser) {
    return Ticket(TRY(book_->reserve(guesser)));
}
Result<void> Throttle::count_request(std::string_view network) {
    return book_->count_request(network);
}
void Throttle::note_refusal(const AccountId& account, std::string_view network, std::string_view outcome) {
    book_->failed_logins.note(account, network, outcome);
}
void Throttle::forget_address(std::string_view email_key) {
    book_->forget_address(digest(email_key));
}
void Throttle::forget_network(std::string_view network) {
    book_->forget_network(network);
}
std::vector<ThrottledNetwork> Throttle::throttled_networks(std::size_t limit) const {
    return book_->throttled_networks(limit);
}
ThrottleFigures Throttle::figures() const {
    return book_->figures();
}
const ThrottlePolicy& Throttle::policy() const {
    return book_->policy();
}
Result<void> Throttle::flush(Store& store) {
    return book_->flush(store);
}

}  // namespace postern::core
