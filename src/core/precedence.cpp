#include "core/precedence.hpp"

#include <utility>

#include "base/limits.hpp"

namespace postern::core {

Precedence::Standing::Standing(Precedence& owner, const Guesser& guesser, bool may_go_first)
    : owner_(&owner),
      address_(digest(guesser.email_key)),
      network_{.kind = Budgets::Kind::stranger, .first = Budgets::half(digest(guesser.network))},
      has_device_(guesser.device.has_value()),
      is_stranger_(!may_go_first || (!has_device_ && owner.was_unknown(network_))) {}

Precedence::Standing::Standing(Standing&& other) noexcept
    : owner_(std::exchange(other.owner_, nullptr)),
      address_(other.address_),
      network_(other.network_),
      has_device_(other.has_device_),
      is_stranger_(other.is_stranger_),
      holds_place_(other.holds_place_) {}

Precedence::Standing::~Standing() {
    if (owner_ != nullptr && holds_place_) owner_->give_back(address_);
}

bool Precedence::Standing::goes_first(bool is_known_network) {
    if (!is_known_network && !has_device_) owner_->note_unknown(network_);
    if (is_stranger_ || (!is_known_network && !has_device_)) return false;
    if (!holds_place_) holds_place_ = owner_->take_place(address_);
    return holds_place_;
}

void Precedence::Standing::succeeded() {
    const std::lock_guard lock(owner_->mutex_);
    owner_->strangers_.forget(network_);
}

Precedence::Precedence(const Clock& clock)
    : clock_(clock), strangers_(limits::strangers_window, limits::strangers_entries) {}

Precedence::Standing Precedence::of(const Guesser& guesser, std::int64_t earlier_attempts) {
    return {*this, guesser, earlier_attempts < limits::precedence_network_attempts};
}

bool Precedence::was_unknown(const Budgets::Key& network) {
    const std::lock_guard lock(mutex_);
    return strangers_.used(network, clock_.now()) > 0;
}

void Precedence::note_unknown(const Budgets::Key& network) {
    const Timestamp now = clock_.now();
    const std::lock_guard lock(mutex_);
    if (strangers_.used(network, now) == 0) strangers_.keep(strangers_.take(network, "", now));
}

bool Precedence::take_place(const Digest& address) {
    const std::lock_guard lock(mutex_);
    std::int64_t& taken = first_places_[address];
    if (taken == limits::precedence_address_attempts) return false;
    ++taken;
    return true;
}

void Precedence::give_back(const Digest& address) {
    const std::lock_guard lock(mutex_);
    const auto found = first_places_.find(address);
    if (--found->second == 0) first_places_.erase(found);
}

}  // namespace postern::core
