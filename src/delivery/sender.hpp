// How a worker hands over the entries of one kind.
#pragma once

#include <memory>
#include <variant>

#include "core/records.hpp"
#include "delivery/outcome.hpp"
#include "delivery/transfer.hpp"

namespace postern::delivery {

// Done already, or on its way.
using Attempt = std::variant<Outcome, std::unique_ptr<Transfer>>;

// Used by one thread.
class Sender {
public:
    virtual ~Sender() = default;
    virtual Attempt begin(const core::OutboxEntry& entry) = 0;
};

}  // namespace postern::delivery
