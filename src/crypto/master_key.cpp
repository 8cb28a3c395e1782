#include "crypto/master_key.hpp"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/durable_file.hpp"
#include "base/encoding.hpp"
#include "base/limits.hpp"
#include "base/random.hpp"

namespace postern::crypto {
namespace {

// crypto_kdf's two subkeys of a master key. The numbers and the name are part of what is in stores: never change them.
constexpr std::uint64_t sealing_subkey = 1;
constexpr std::uint64_t naming_subkey = 2;
constexpr const char* kdf_context = "postern1";
constexpr std::size_t id_bytes = 16;
constexpr std::size_t nonce_bytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t tag_bytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;

class FileDescriptor {
public:
    explicit FileDescriptor(int descriptor) : descriptor_(descriptor) {}
    ~FileDescriptor() {
        if (descriptor_ >= 0) close(descriptor_);
    }
    FileDescriptor(const FileDescriptor&) = delete;
    FileDescriptor& operator=(const FileDescriptor&) = delete;
    [[nodiscard]] int get() const { return descriptor_; }
    [[nodiscard]] bool is_open() const { return descriptor_ >= 0; }

private:
    int descriptor_;
};

const std::uint8_t* bytes_of(std::string_view text) {
    return reinterpret_cast<const std::uint8_t*>(text.data());
}

Error invalid_master_key(std::string message) {
    return invalid_input("invalid_master_key", std::move(message));
}

Error file_failed(std::string_view what, const std::filesystem::path& path) {
    const int reason = errno;  // before anything else runs
    return internal_error("Cannot " + std::string(what) + " the master key file " + path.string() + ": " +
                          std::strerror(reason));
}

std::string_view trim(std::string_view text) {
    constexpr std::string_view white_space = " \t\r\n";
    const std::size_t first = text.find_first_not_of(white_space);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(white_space) - first + 1);
}

bool decode(std::string_view text, KeyBytes& key) {
    std::size_t length = 0;
    const char* end = nullptr;
    const bool is_hex = text.size() == MasterKey::bytes * 2;
    const int failed = is_hex ? sodium_hex2bin(key.data(), key.size(), text.data(), text.size(), nullptr, &length, &end)
                              : sodium_base642bin(key.data(), key.size(), text.data(), text.size(), nullptr, &length,
                                                  &end, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    return failed == 0 && length == MasterKey::bytes && end == text.data() + text.size();
}

Result<void> check_file(int descriptor, const std::filesystem::path& path) {
    struct stat status {};
    if (fstat(descriptor, &status) != 0) return file_failed("examine", path);
    const std::string name = "The master key file " + path.string();
    if (!S_ISREG(status.st_mode)) return invalid_master_key(name + " is no regular file");
    if (status.st_uid != geteuid()) {
        return invalid_master_key(name + " belongs to user " + std::to_string(status.st_uid) +
                                  ", but this process runs as user " + std::to_string(geteuid()) +
                                  "; make it that user's own, with: chown");
    }
    if ((status.st_mode & 0177U) != 0) {
        return invalid_master_key(name + " may be used by others than its owner; do: chmod 600 " + path.string());
    }
    return {};
}

// The file appears under its name whole or not at all: it is written under another, and link() refuses a name that is
// taken.
Result<void> write_new_file(const std::filesystem::path& path, std::string_view text) {
    std::array<std::uint8_t, 8> suffix{};
    fill_random(suffix);
    const std::filesystem::path draft = path.string() + ".new-" + encode_hex(suffix);
    const FileDescriptor file(open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file.is_open()) return file_failed("create", path);
    Result<void> outcome;
    if (!write_all(file.get(), text) || fsync(file.get()) != 0) {
        outcome = file_failed("write", path);
    } else if (link(draft.c_str(), path.c_str()) != 0) {
        outcome = errno == EEXIST ? conflict("master_key_exists", "There is a master key file " + path.string() +
                                                                      " already; it was not touched")
                                  : file_failed("create", path);
    }
    unlink(draft.c_str());
    if (outcome.has_value() && !sync_directory_of(path.string()).has_value()) {
        outcome = file_failed("write", path);
    }
    return outcome;
}

}  // namespace

MasterKey::MasterKey(const KeyBytes& key) : sealing_key_(crypto_aead_xchacha20poly1305_ietf_KEYBYTES) {
    std::array<std::uint8_t, id_bytes> name{};
    crypto_kdf_derive_from_key(sealing_key_.data(), sealing_key_.size(), sealing_subkey, kdf_context, key.data());
    crypto_kdf_derive_from_key(name.data(), name.size(), naming_subkey, kdf_context, key.data());
    id_ = encode_hex(name);
}

Result<MasterKey> MasterKey::parse(const SecretString& text, std::string_view source) {
    KeyBytes key(bytes);
    if (!decode(trim(text.reveal()), key)) {
        return invalid_master_key("The master key in " + std::string(source) +
                                  " is not 32 bytes as 64 hexadecimal digits or as base64url");
    }
    return MasterKey(key);
}

Result<MasterKey> MasterKey::read_file(const std::filesystem::path& path) {
    const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!file.is_open() && errno == ENOENT) {
        return not_found("master_key_missing", "There is no master key file " + path.string() +
                                                   "; put the master key of this store there, or set "
                                                   "POSTERN_MASTER_KEY");
    }
    if (!file.is_open()) return file_failed("open", path);
    TRY(check_file(file.get(), path));
    KeyBytes content(limits::master_key_file_bytes);
    const ssize_t size = read(file.get(), content.data(), content.size());
    if (size < 0) return file_failed("read", path);
    const std::string_view text(reinterpret_cast<const char*>(content.data()), static_cast<std::size_t>(size));
    return parse(SecretString(text), path.string());
}

Result<MasterKey> MasterKey::create_file(const std::filesystem::path& path) {
    KeyBytes key(bytes);
    fill_random(key);
    std::array<char, bytes * 2 + 1> text{};
    sodium_bin2hex(text.data(), text.size(), key.data(), key.size());
    text.back() = '\n';
    const auto written = write_new_file(path, {text.data(), text.size()});
    wipe(text.data(), text.size());
    if (!written.has_value()) return written.error();
    return MasterKey(key);
}

MasterKeys::MasterKeys(MasterKey current, std::optional<MasterKey> previous)
    : current_(std::move(current)), previous_(std::move(previous)) {}

const MasterKey* MasterKeys::find(std::string_view id) const {
    if (id == current_.id()) return &current_;
    if (previous_ && id == previous_->id()) return &*previous_;
    return nullptr;
}

std::vector<std::uint8_t> MasterKeys::seal(std::span<const std::uint8_t> secret, std::string_view context) const {
    std::vector<std::uint8_t> sealed(nonce_bytes + secret.size() + tag_bytes);
    fill_random(std::span(sealed).first(nonce_bytes));
    crypto_aead_xchacha20poly1305_ietf_encrypt(sealed.data() + nonce_bytes, nullptr, secret.data(), secret.size(),
                                               bytes_of(context), context.size(), nullptr, sealed.data(),
                                               current_.sealing_key_.data());
    return sealed;
}

Result<KeyBytes> MasterKeys::open(std::string_view id, std::span<const std::uint8_t> sealed,
                                  std::string_view context) const {
    const MasterKey* key = find(id);
    if (key == nullptr) {
        return conflict("master_key_wrong", "The master key " + std::string(id) + " is wanted, and this one is " +
                                                current_.id() +
                                                "; configure the right one, or the earlier one as previous");
    }
    const Error damaged = internal_error("What was sealed under the master key " + std::string(id) +
                                         " has been changed since, or belongs elsewhere; restore it from a backup");
    if (sealed.size() < nonce_bytes + tag_bytes) return damaged;
    KeyBytes secret(sealed.size() - nonce_bytes - tag_bytes);
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(secret.data(), nullptr, nullptr, sealed.data() + nonce_bytes,
                                                   sealed.size() - nonce_bytes, bytes_of(context), context.size(),
                                                   sealed.data(), key->sealing_key_.data()) != 0) {
        return damaged;
    }
    return secret;
}

}  // namespace postern::crypto
