#include "world.hpp"

#include <algorithm>

#include "base/limits.hpp"
#include "core/accounts.hpp"

namespace postern::simulation {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t most_clients = 6;
constexpr std::size_t most_held = 48;
constexpr std::size_t history_length = 60;
constexpr int accounts = 4;  // two of them administrators

}  // namespace

World::World(std::uint64_t seed)
    : dice_(seed),
      random_bytes_(seed ^ 0x5eedULL),
      rotation_{.rotate_after = 24h * 3,
                .publish_ahead = 2h,
                .access_token_life = policy_.access_token_life,
                .refresh_token_life = policy_.permanent_session_life},
      model_(policy_.refresh_grace) {
    const auto engine = dice_.one_in(4) ? Engine::sqlite : Engine::postgresql;
    server_ = std::make_unique<Server>(engine, dice_, clock_, policy_, model_);
    set_scene();
}

// A client that has not finished holds on to the server; it must come to its end first.
World::~World() {
    server_->die();
    for (auto& client : clients_) {
        try {
            for (int i = 0; i < 100 && !client->done(); ++i) client->resume();
        } catch (...) {  // the violation that ended the run has been told
        }
    }
}

void World::set_scene() {
    server_->be_reliable(true);
    const auto made = write({.flow = "set the scene"}, [&](core::Transaction& transaction) -> Result<void> {
        TRY(core::init_keys(transaction, vault_, core::KeyAlgorithm::es256, actor(), clock_.now()));
        for (int i = 0; i < accounts; ++i) {
            const auto account = TRY(
                core::create_account(transaction,
                                     {.email = core::testing::email("account-" + std::to_string(i) + "@example.org"),
                                      .activated = true,
                                      .verified = true,
                                      .admin = i < 2,
                                      .password_hash = "new:first",
                                      .password_scheme = "new"},
                                     actor(), clock_.now()));
            passwords_[account.id] = {"first"};
        }
        return {};
    });
    if (!made.has_value()) throw Violation("the scene could not be set: " + made.error().message);
    server_->load_keys();
    server_->be_reliable(false);
}

void World::step() {
    ++step_;
    const std::size_t choice = dice_.below(100);
    if (long_wait_ > Milliseconds::zero()) {
        finish_waiting();
    } else if (choice < 3) {
        move_clock();
    } else if (choice < 4 && dice_.one_in(12)) {
        note("the server dies");
        server_->die();
    } else if (choice < 6) {
        server_->catch_up([](const Result<void>&) {});
    } else if (clients_.empty() || (clients_.size() < most_clients && choice < 40)) {
        begin_client();
    }
    if (!clients_.empty()) {
        const std::size_t who = dice_.below(clients_.size());
        clients_[who]->resume();
        if (clients_[who]->done()) clients_.erase(clients_.begin() + static_cast<std::ptrdiff_t>(who));
    }
    look_around();
}

void World::begin_client() {
    using Flow = void (World::*)();
    struct Choice {
        const char* name;
        Flow flow;
        std::size_t weight;
    };
    static constexpr std::array<Choice, 15> choices = {{{"log in", &World::log_in, 20},
                                                        {"refresh", &World::refresh, 40},
                                                        {"revoke an access token", &World::revoke_access, 8},
                                                        {"revoke a refresh token", &World::revoke_refresh, 3},
                                                        {"log out", &World::log_out, 3},
                                                        {"end all sessions", &World::end_all_sessions, 2},
                                                        {"change the password", &World::change_password, 3},
                                                        {"forget the password", &World::forget_password, 4},
                                                        {"reset the password", &World::reset_password, 4},
                                                        {"disable", &World::disable, 3},
                                                        {"enable", &World::enable, 6},
                                                        {"change a role", &World::change_role, 2},
                                                        {"rotate keys", &World::rotate_keys, 2},
                                                        {"revoke a key", &World::revoke_key, 1},
                                                        {"sweep", &World::sweep, 2}}};
    std::size_t total = 0;
    for (const Choice& choice : choices) total += choice.weight;
    std::size_t drawn = dice_.below(total);
    const auto* chosen = choices.begin();
    while (drawn >= chosen->weight) drawn -= chosen++->weight;
    note(std::string("begins: ") + chosen->name);
    clients_.push_back(std::make_unique<Fiber>([this, flow = chosen->flow] {
        try {
            (this->*flow)();
        } catch (const Crash&) {  // its connection is gone; it will never know
        }
    }));
}

// Short times pass while requests are in flight; for long ones all of them come to their end first, since no request
// lasts longer than its server lets it, and keys and lists are made to outlast that.
void World::move_clock() {
    const std::size_t kind = dice_.below(40);
    if (kind < 20) return pass(Milliseconds(dice_.below(3000)));
    if (kind < 32) return pass(Milliseconds(dice_.below(40'000)));
    if (kind < 33) return pass(-Milliseconds(dice_.below(1000)));  // a clock that is put right
    long_wait_ =
        kind < 39 ? Milliseconds(dice_.below(20 * 60'000)) : Milliseconds(24h) * static_cast<int>(dice_.below(4));
}

void World::pass(Milliseconds time) {
    clock_.advance(time);
    note("the clock moves to " + std::to_string(to_milliseconds(clock_.now())));
}

void World::finish_waiting() {
    if (!clients_.empty()) return;
    pass(std::exchange(long_wait_, Milliseconds::zero()));
    server_->load_keys();
}

void World::look_around() {
    if (const Held* held = some_held()) try_token(*held);
    if (dice_.one_in(32)) server_->check_published_lists();
}

void World::try_token(const Held& held) {
    auto checked = server_->checker().check(held.access, core::Knowledge::as_it_is);
    if (!checked.has_value() && checked.error().code == core::unknown_key_code) {
        server_->load_keys();
        checked = server_->checker().check(held.access, core::Knowledge::as_it_is);
    }
    if (!checked.has_value() && checked.error().kind == ErrorKind::not_current) {
        server_->catch_up([](const Result<void>&) {});
        checked = server_->checker().check(held.access, core::Knowledge::caught_up);
    }
    if (checked.has_value()) return model_.token_accepted(held.claims, held.kid);
    model_.token_refused(held.claims, held.kid, clock_.now(), checked.error().message);
}

void World::note(const std::string& what) {
    if (history_.size() == history_length) history_.pop_front();
    history_.push_back("step " + std::to_string(step_) + ": " + what);
}

std::string World::history() const {
    std::string text;
    for (const auto& line : history_) text += "  " + line + "\n";
    return text;
}

void World::pause() {
    const auto life = server_->life();
    Fiber::yield();
    if (life != server_->life()) throw Crash();
}

void World::hold(const core::TokenPair& pair) {
    auto access = server_->signer().sign(pair.access, pair.access_kid);
    auto refresh = server_->signer().sign(pair.refresh);
    if (!access.has_value() || !refresh.has_value()) return;  // 503
    Held held{std::move(*access), std::move(*refresh), pair.access_kid, pair.access, pair.refresh};
    if (held_.size() < most_held) {
        held_.push_back(std::move(held));
        return;
    }
    Held& place = held_[dice_.below(held_.size())];
    server_->signer().forget(place.access, place.refresh);
    place = std::move(held);
}

const Held* World::some_held() {
    return held_.empty() ? nullptr : &held_[dice_.below(held_.size())];
}

core::Account World::some_account() {
    auto at = model_.accounts().begin();
    std::advance(at, static_cast<std::ptrdiff_t>(dice_.below(model_.accounts().size())));
    return at->second;
}

}  // namespace postern::simulation
