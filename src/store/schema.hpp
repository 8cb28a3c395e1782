// The schema's steps, each a script in the words that both engines share; what differs between them stands in braces.
// A step that has been released is never changed: another one comes after it.
#pragma once

#include <span>
#include <string_view>

namespace postern::store {

struct SchemaScript {
    int version;
    int oldest_binary;  // the lowest schema_version() of a binary that may still run once this step is done
    std::string_view script;
};

// In order.
std::span<const SchemaScript> schema_scripts();

}  // namespace postern::store
