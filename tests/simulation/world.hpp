// The clients of one server, and the scheduler that decides who comes next: everything from one seed.
//
// A step lets one client run up to its next call of the store, or begins another one, or moves the clock, or kills the
// server. After each step some token is tried, and now and then every status list is read.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "core/account_policy.hpp"
#include "core/key_rotation.hpp"
#include "core/login.hpp"
#include "core/testing.hpp"
#include "core/testing_keys.hpp"
#include "dice.hpp"
#include "fiber.hpp"
#include "model.hpp"
#include "server.hpp"

namespace postern::simulation {

// A pair that a client holds.
struct Held {
    std::string access;
    std::string refresh;
    std::string kid;  // of the access token
    core::AccessClaims claims;
    core::RefreshClaims refresh_claims;
};

class World {
public:
    explicit World(std::uint64_t seed);
    World(const World&) = delete;
    World& operator=(const World&) = delete;
    ~World();

    // Throws a Violation.
    void step();
    // What happened lately, for whoever looks into one.
    [[nodiscard]] std::string history() const;

private:
    struct Crash {};  // thrown through a client when its server has died

    void set_scene();
    void begin_client();
    void move_clock();
    void pass(Milliseconds time);
    void finish_waiting();
    void look_around();
    void try_token(const Held& held);
    void note(const std::string& what);

    // Where another client may run. Throws Crash.
    void pause();
    template <typename Work>
    auto write(Cause cause, Work work);
    void hold(const core::TokenPair& pair);
    const Held* some_held();
    core::Account some_account();
    core::Actor actor() const { return core::testing::actor(); }
    // As the API does it: a key that is not known is looked for.
    std::optional<core::SignedIn> sign_in(const std::string& token);

    // The clients, one function each.
    void log_in();
    void refresh();
    void revoke_access();
    void revoke_refresh();
    void log_out();
    void end_all_sessions();
    void change_password();
    void forget_password();
    void reset_password();
    void disable();
    void enable();
    void change_role();
    void rotate_keys();
    void revoke_key();
    void sweep();

    Dice dice_;
    SeededRandomBytes random_bytes_;
    FakeClock clock_;
    core::TokenPolicy policy_ = core::testing::policy();
    core::AccountPolicy account_policy_ = core::testing::account_policy();
    core::RotationPolicy rotation_;
    core::testing::PlainHasher hasher_;
    core::testing::PlainText text_;
    core::testing::PlainSecrets secrets_;
    core::testing::LetterVault vault_{"a", ""};
    Model model_;
    std::unique_ptr<Server> server_;

    std::vector<std::unique_ptr<Fiber>> clients_;
    std::vector<Held> held_;
    std::map<core::AccountId, std::vector<std::string>> passwords_;  // that it has, or had
    Milliseconds long_wait_{};                                       // begins once no client is in flight
    std::size_t step_ = 0;
    std::size_t writes_ = 0;  // numbers for those that end sessions
    std::size_t passwords_made_ = 0;
    std::deque<std::string> history_;
};

template <typename Work>
auto World::write(Cause cause, Work work) {
    const std::string flow = cause.flow;
    server_->say(std::move(cause));
    auto outcome = core::write_and_wait(*server_, std::move(work));
    note("is told: " + flow + ": " + (outcome.has_value() ? "done" : outcome.error().code));
    return outcome;
}

}  // namespace postern::simulation
