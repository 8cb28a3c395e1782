#include "core/revocation_log.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/encoding.hpp"
#include "base/random.hpp"

namespace postern::core {
namespace {

std::string random_epoch() {
    std::array<std::uint8_t, 8> bytes{};
    fill_random(bytes);
    return encode_hex(bytes);
}

}  // namespace

RevocationLog::RevocationLog(std::size_t entries) : most_(entries), epoch_(random_epoch()) {}

void RevocationLog::append(const RevocationChange& change) {
    using Kind = RevocationLogEntry::Kind;
    const std::lock_guard lock(mutex_);
    switch (change.kind) {
        case RevocationChange::Kind::list_opened:
            push({.kind = Kind::list_opened, .list = change.list, .expires_at = change.expires_at});
            break;
        case RevocationChange::Kind::slots_revoked:
            for (const std::uint32_t slot : change.slots) {
                push({.kind = Kind::slot_revoked, .slot = slot, .list = change.list});
            }
            break;
        case RevocationChange::Kind::list_revoked: push({.kind = Kind::list_revoked, .list = change.list}); break;
    }
}

void RevocationLog::append_keys_changed() {
    const std::lock_guard lock(mutex_);
    push({.kind = RevocationLogEntry::Kind::keys_changed});
}

void RevocationLog::push(const RevocationLogEntry& entry) {
    if (ring_.size() < most_) {
        ring_.push_back(entry);
    } else {
        ring_[position_ % most_] = entry;
    }
    ++position_;
}

RevocationPosition RevocationLog::position() const {
    const std::lock_guard lock(mutex_);
    return position_;
}

bool RevocationLog::read_after(RevocationPosition position, std::size_t most,
                               std::vector<RevocationLogEntry>& entries) const {
    entries.clear();
    const std::lock_guard lock(mutex_);
    if (position_ - position > ring_.size()) return false;
    const RevocationPosition end = position + std::min<RevocationPosition>(most, position_ - position);
    for (; position < end; ++position) entries.push_back(ring_[position % most_]);
    return true;
}

std::string RevocationLog::text_of(RevocationPosition position) const {
    return epoch_ + '-' + std::to_string(position);
}

std::optional<RevocationPosition> RevocationLog::parse(std::string_view text) const {
    if (!text.starts_with(epoch_) || text.size() <= epoch_.size() + 1 || text[epoch_.size()] != '-') return {};
    const std::string_view digits = text.substr(epoch_.size() + 1);
    RevocationPosition parsed = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), parsed);
    if (error != std::errc() || end != digits.data() + digits.size() || parsed > position()) return {};
    return parsed;
}

}  // namespace postern::core
