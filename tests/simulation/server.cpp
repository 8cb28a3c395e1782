#include "server.hpp"

#include <algorithm>

#include "base/limits.hpp"
#include "base/zlib.hpp"
#include "fiber.hpp"

namespace postern::simulation {
namespace {

constexpr std::uint32_t list_slots = 96;  // small, so that lists run full
constexpr int most_runs = 5;

}  // namespace

void KeyTable::load(const std::vector<core::StoredKey>& keys) {
    keys_.clear();
    for (const auto& key : keys) keys_.emplace(key.kid, key);
    ++generation_;
}

void KeyTable::forget(const std::string& access, const std::string& refresh) {
    access_.erase(access);
    refresh_.erase(refresh);
}

Result<std::string> KeyTable::active(core::KeyPurpose purpose) const {
    for (const auto& [kid, key] : keys_) {
        if (key.purpose == purpose && key.state == core::KeyState::active) return kid;
    }
    return unavailable("There is no active key");
}

Result<void> KeyTable::believe(const std::string& kid) const {
    const auto key = keys_.find(kid);
    if (key == keys_.end()) return unauthenticated(std::string(core::unknown_key_code), "No such key");
    if (key->second.state == core::KeyState::revoked) return unauthenticated("invalid_token", "The key was revoked");
    return {};
}

Result<std::string> KeyTable::sign(const core::AccessClaims& claims, std::string_view kid) const {
    if (!believe(std::string(kid)).has_value()) return unavailable("That key is gone");
    std::string text = "a" + std::to_string(++made_);
    access_.emplace(text, std::pair(std::string(kid), claims));
    return text;
}

Result<std::string> KeyTable::sign(const core::RefreshClaims& claims) const {
    auto kid = TRY(active(core::KeyPurpose::refresh));
    std::string text = "r" + std::to_string(++made_);
    refresh_.emplace(text, std::pair(std::move(kid), claims));
    return text;
}

Result<core::AccessClaims> KeyTable::read_access(std::string_view token) const {
    const auto found = access_.find(token);
    if (found == access_.end()) return unauthenticated("invalid_token", "The signature is wrong");
    TRY(believe(found->second.first));
    return found->second.second;
}

Result<core::RefreshClaims> KeyTable::read_refresh(std::string_view token) const {
    const auto found = refresh_.find(token);
    if (found == refresh_.end()) return unauthenticated("invalid_token", "The signature is wrong");
    TRY(believe(found->second.first));
    return found->second.second;
}

Server::Server(Engine engine, Dice& dice, const FakeClock& clock, const core::TokenPolicy& policy, Model& model)
    : engine_(engine), dice_(dice), clock_(clock), policy_(policy), model_(model) {
    start();
}

void Server::start() {
    checker_.reset();
    bitmaps_ = std::make_unique<store::Bitmaps>(std::chrono::hours(24));
    bitmaps_->mark_fresh(std::chrono::steady_clock::now());
    open_lists_ = std::make_unique<store::OpenLists>(policy_.access_token_life);
    std::map<core::ListId, std::vector<std::uint32_t>> revoked;
    for (const auto& [key, slot] : tables_.slots.rows) {
        if (slot.revoked_at) revoked[key.first].push_back(key.second);
    }
    for (const auto& [id, list] : tables_.lists) bitmaps_->put_list(list, revoked[id]);
    checker_ = std::make_unique<core::AccessChecker>(signer_, *bitmaps_, policy_, clock_, core::prepare_nothing);
    load_keys();
}

void Server::die() {
    ++life_;
    for (Transaction* transaction : running_) transaction->doom();
    writer_ = nullptr;
    feed_.clear();
    flipping_.clear();
    start();
}

void Server::load_keys() {
    std::vector<core::StoredKey> keys;
    for (const auto& [kid, key] : tables_.keys.rows) keys.push_back(key);
    signer_.load(keys);
}

// At once, as a snapshot is.
void Server::read(ReadWork work, Done done) {
    store::Pending nothing;
    Transaction reader(tables_, others_, *open_lists_, nothing, false);
    done(work(reader));
}

void Server::catch_up(Done done) {
    for (const auto& pending : feed_) store::apply(pending, *bitmaps_);
    for (const auto* pending : flipping_) store::apply(*pending, *bitmaps_);  // a poll finds their rows
    feed_.clear();
    bitmaps_->mark_fresh(std::chrono::steady_clock::now());
    done({});
}

void Server::write(WriteWork work, Done done) {
    const Cause cause = std::move(next_cause_);
    int lost = 0;
    for (;;) {
        auto outcome = run(work, cause);
        const bool again =
            !outcome.has_value() && outcome.error().code == "retry" && ++lost <= limits::postgres_retries;
        if (!again) return done(std::move(outcome));
        Fiber::yield();
    }
}

Result<void> Server::run(const WriteWork& work, const Cause& cause) {
    const std::uint64_t life = life_;
    for (int runs = 0; runs < most_runs; ++runs) {
        while (engine_ == Engine::sqlite && writer_ != nullptr && life == life_) Fiber::yield();
        if (life != life_) return unavailable("The server has died");
        store::Pending pending;
        Transaction transaction(tables_, others_, *open_lists_, pending);
        running_.push_back(&transaction);
        if (engine_ == Engine::sqlite) writer_ = &transaction;
        struct End {
            Server& server;
            Transaction& transaction;
            ~End() {
                std::erase(server.running_, &transaction);
                if (server.writer_ == &transaction) server.writer_ = nullptr;
            }
        } end{*this, transaction};

        const auto outcome = work(transaction);
        if (life != life_) return unavailable("The server has died");
        if (pending.list_needed) {
            transaction.roll_back();
            TRY(open_list(pending.list_needed->first, pending.list_needed->second));
            continue;
        }
        if (!outcome.has_value()) return outcome;
        Fiber::yield();
        if (life != life_) return unavailable("The server has died");
        if (fails_once_in(40)) return unavailable("The store could not commit, and nothing was written");
        model_.committed(cause, transaction.commit());
        if (writer_ == &transaction) writer_ = nullptr;
        if (fails_once_in(40)) {
            feed_.push_back(pending);  // durable, and nobody here knows
            bitmaps_->doubt();
            return unavailable("The connection was lost during the commit");
        }
        flipping_.push_back(&pending);
        Fiber::yield();
        if (life != life_) return unavailable("The server has died");
        store::apply(pending, *bitmaps_);
        std::erase(flipping_, &pending);
        if (pending.revoked_before) catch_up([](const Result<void>&) {});
        return {};
    }
    return unavailable("No slot could be had");
}

Result<void> Server::open_list(const std::string& kid, Timestamp now) {
    if (fails_once_in(40)) return unavailable("No revocation list could be opened");
    auto list = open_lists_->list_for(kid, now);
    list.slots = list_slots;
    tables_.lists.emplace(list.id, list);
    model_.list_opened(list);
    bitmaps_->put_list(list);
    open_lists_->opened(list);
    return {};
}

void Server::sweep(Milliseconds session_retention) {
    const Timestamp now = clock_.now();
    say({.flow = "sweep", .sessions_before = now - session_retention});
    write(
        [&](core::Transaction& transaction) {
            return dynamic_cast<Transaction&>(transaction).sweep(now, session_retention);
        },
        [](const Result<void>&) {});
    bitmaps_->drop_lists_expired_at(now - limits::clock_leeway);
}

void Server::check_published_lists() {
    for (const auto& id : bitmaps_->list_ids()) {
        const auto list = bitmaps_->publish(id);
        if (!list) continue;
        const auto bits = inflate_zlib(*list->zlib, limits::status_list_bytes);
        if (!bits.has_value()) throw Violation("the status list " + id.text() + " is not zlib data");
        model_.published(id, *bits, flipping_.empty() && feed_.empty());
    }
}

}  // namespace postern::simulation
