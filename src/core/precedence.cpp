#include "core/precedence.hpp"

#include <utility>

#include "base/limits.hpp"

namespace postern::core {
namespace {

Budgets::Key key_of(std::string_view network) {
    return {.kind = Budgets::Kind::stranger, .first = Budgets::half(digest(network))};
}

}  // namespace

Precedence::Standing::Standing(Precedence& owner, const Guesser& guesser, bool may_go_first)
    : owner_(&owner),
      address_(digest(guesser.email_key)),
      network_(key_of(guesser.network)),
      has_device_(guesser.device.has_value()),
      may_go_first_(may_go_first) {}

Precedence::Standing::Standing(Standing&& other) noexcept
    : owner_(std::exchange(other.owner_, nullptr)),
      address_(other.address_),
      network_(other.network_),
      has_device_(other.has_device_),
      may_go_first_(other.may_go_first_),
      holds_place_(other.holds_place_) {}

Precedence::Standing::~Standing() {
    if (owner_ != nullptr && holds_place_) owner_->give_back(address_);
}

bool Precedence::Standing::goes_first(bool is_known_network) {
    if (!is_known_network && !has_device_) owner_->note_unknown(network_);
    if (!may_go_first_ || (!is_known_network && !has_device_)) return false;
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

bool Precedence::is_stranger(std::string_view network) {
    const Budgets::Key key = key_of(network);
    const Timestamp now = clock_.now();
    const std::lock_guard lock(mutex_);
    return strangers_.used(key, now) > 0;
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
