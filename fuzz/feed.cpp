// The stream of revocations as a client reads it: the same events must come out however it is cut.
#include "../clients/cpp/src/feed.hpp"

#include <string>

#include "target.hpp"

namespace postern::fuzz {
namespace {

std::string events_of(std::string_view bytes, std::size_t step) {
    client::EventParser parser;
    std::string seen;
    while (!bytes.empty()) {
        const auto read = parser.read(bytes.substr(0, step), [&](const client::Event& event) -> Result<void> {
            seen += event.name + "\n" + event.data + "\n" + event.position.value_or("none") + "\n\n";
            return {};
        });
        if (!read) return "refused";
        bytes.remove_prefix(std::min(step, bytes.size()));
    }
    return seen;
}

}  // namespace

void feed(std::string_view input) {
    hold(events_of(input, input.size()) == events_of(input, 1), "the same events come out however the stream is cut");
}

}  // namespace postern::fuzz
