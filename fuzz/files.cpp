// What an operator hands over: a configuration, an export of another system.
#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "app/configuration.hpp"
#include "cli/import_format.hpp"
#include "crypto/hash_importer.hpp"
#include "target.hpp"

namespace postern::fuzz {
namespace {

// A file of its own that is in no directory.
class MemoryFile {
public:
    explicit MemoryFile(std::string_view content) : descriptor_(memfd_create("fuzz", MFD_CLOEXEC)) {
        hold(write(descriptor_, content.data(), content.size()) == static_cast<ssize_t>(content.size()), "it fits");
    }
    ~MemoryFile() { close(descriptor_); }
    MemoryFile(const MemoryFile&) = delete;
    MemoryFile& operator=(const MemoryFile&) = delete;
    [[nodiscard]] std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

private:
    int descriptor_;
};

std::size_t read_records(cli::ImportSource& source) {
    std::size_t count = 0;
    cli::Record record;
    for (auto more = source.next(record); more.value_or(false); more = source.next(record)) {
        ++count;
        if (!record.refusal) (void)source.read(record);
    }
    return count;
}

}  // namespace

void configuration(std::string_view input) {
    app::Configuration configuration;
    (void)app::apply_toml(configuration, input, "fuzz.toml");
}

void import_file(std::string_view input) {
    static const crypto::HashImporter hashes;
    const MemoryFile content(input);
    auto file = cli::InputFile::open(content.path());
    hold(file.has_value(), "the file is there");
    auto source = cli::ImportSource::open(*file, std::nullopt, {}, hashes);
    if (!source) return;
    const std::size_t first = read_records(*source);
    if (!source->rewind()) return;
    hold(read_records(*source) == first, "a file is the same when it is read again");
}

}  // namespace postern::fuzz
