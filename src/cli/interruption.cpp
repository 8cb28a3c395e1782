#include "cli/interruption.hpp"

namespace postern::cli {
namespace {

volatile sig_atomic_t was_requested = 0;

}  // namespace

Interruption::Interruption() {
    was_requested = 0;
    struct sigaction noting = {};
    noting.sa_handler = [](int) { was_requested = 1; };
    noting.sa_flags = SA_RESTART;
    for (std::size_t i = 0; i < signals.size(); ++i) sigaction(signals.at(i), &noting, &before_.at(i));
}

Interruption::~Interruption() {
    for (std::size_t i = 0; i < signals.size(); ++i) sigaction(signals.at(i), &before_.at(i), nullptr);
}

bool Interruption::requested() const noexcept {
    return was_requested != 0;
}

}  // namespace postern::cli
