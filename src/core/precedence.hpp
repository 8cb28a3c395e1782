// Whose password is looked at first when more come than can be hashed.
//
// Before strangers go those who show the address's device cookie, or come from a network that somebody has logged in
// from; whose account it was is not asked, or the time of an answer would tell a neighbour whether an address has one.
// Nobody goes first whose network or device has many attempts going, or to whose address many go first already
// (limits::precedence_...): an attacker who is known somewhere takes few of the first places.
//
// A network that nobody has logged in from is remembered for a while, so that a storm is refused without asking the
// store each time. Bounded. Thread-safe.
#pragma once

#include <map>
#include <mutex>
#include <string_view>

#include "base/clock.hpp"
#include "base/digest.hpp"
#include "core/budgets.hpp"
#include "core/throttle.hpp"

namespace postern::core {

class Precedence {
public:
    // Of one attempt. Gives its place back when it dies, and must not outlive the Precedence it comes from.
    class Standing {
    public:
        Standing(Standing&& other) noexcept;
        Standing& operator=(Standing&&) = delete;
        Standing(const Standing&) = delete;
        Standing& operator=(const Standing&) = delete;
        ~Standing();

        // Whether it goes first. `is_known_network`: what the store says of it.
        [[nodiscard]] bool goes_first(bool is_known_network);
        // The password was right: its network will be known.
        void succeeded();

    private:
        friend class Precedence;
        Standing(Precedence& owner, const Guesser& guesser, bool may_go_first);
        Precedence* owner_;  // nothing: moved from
        Digest address_;
        Budgets::Key network_;
        bool has_device_;
        bool may_go_first_;
        bool holds_place_ = false;
    };

    explicit Precedence(const Clock& clock);

    // `earlier_attempts`: as the attempt's ticket says.
    Standing of(const Guesser& guesser, std::int64_t earlier_attempts);
    // Without asking the store: whoever comes from there goes first with a device cookie only.
    bool is_stranger(std::string_view network);

private:
    void note_unknown(const Budgets::Key& network);
    bool take_place(const Digest& address);
    void give_back(const Digest& address);

    const Clock& clock_;
    std::mutex mutex_;
    Budgets strangers_;
    std::map<Digest, std::int64_t> first_places_;  // by address; each is an attempt that is under way
};

}  // namespace postern::core
